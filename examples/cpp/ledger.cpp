// SPDX-License-Identifier: BSD-2-Clause
// ledger: reads `name = expression` lines, prints a sorted table, and survives the lines that are wrong.
//
// Every mistake travels as an exception from deep inside the parser to the line's own handler, through frames
// whose destructors must run. The exit status is the number of wrong lines, 100 when an exception reached main;
// `ledger --abandon` throws what nobody catches, and dies as C++ says: std::terminate, abort, SIGABRT.
#include <algorithm>
#include <cmath>
#include <exception>
#include <fstream>
#include <functional>
#include <iomanip>
#include <iostream>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace {

struct SyntaxError : std::runtime_error {
    SyntaxError(std::size_t column, const std::string &what)
        : std::runtime_error("column " + std::to_string(column + 1) + ": " + what) {}
};

struct UnknownName : std::out_of_range {
    explicit UnknownName(const std::string &name) : std::out_of_range("no value is named " + name) {}
};

/// Counts how deep the parser stands; unwinding must bring it back to zero.
class Depth {
public:
    explicit Depth(int &depth) : depth_(depth) {
        if (++depth_ > 200) {
            --depth_;
            throw std::length_error("nested too deep");
        }
    }
    ~Depth() { --depth_; }
    Depth(const Depth &) = delete;
    Depth &operator=(const Depth &) = delete;

private:
    int &depth_;
};

using Values = std::map<std::string, double, std::less<>>;
using Function = std::function<double(double)>;

double checked_sqrt(double x) {
    if (x < 0)
        throw std::domain_error("the square root of a negative number");
    return std::sqrt(x);
}

const std::unordered_map<std::string, Function> &functions() {
    static const std::unordered_map<std::string, Function> table{
        {"sqrt", checked_sqrt}, {"exp", [](double x) { return std::exp(x); }}, {"abs", [](double x) { return std::fabs(x); }}};
    return table;
}

class Parser {
public:
    Parser(std::string_view text, const Values &values, int &depth) : text_(text), values_(values), depth_(depth) {}

    double whole() {
        double value = sum();
        if (at_ != text_.size())
            throw SyntaxError(at_, std::string("unexpected '") + text_[at_] + "'");
        return value;
    }

private:
    double sum() {
        double value = product();
        while (auto sign = take("+-"))
            value += (*sign == '+' ? 1 : -1) * product();
        return value;
    }

    double product() {
        double value = factor();
        while (auto sign = take("*/")) {
            double right = factor();
            if (*sign == '/' && right == 0)
                throw std::domain_error("division by zero");
            value = *sign == '*' ? value * right : value / right;
        }
        return value;
    }

    double factor() {
        Depth deeper(depth_);
        if (take("-"))
            return -factor();
        if (take("(")) {
            double value = sum();
            if (!take(")"))
                throw SyntaxError(at_, "a ')' is missing");
            return value;
        }
        if (at_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at_])))
            return number();
        return name();
    }

    double number() {
        std::size_t length = 0;
        double value = std::stod(std::string(text_.substr(at_)), &length);
        at_ += length;
        skip();
        return value;
    }

    double name() {
        std::size_t end = at_;
        while (end < text_.size() && std::isalpha(static_cast<unsigned char>(text_[end])))
            end++;
        if (end == at_)
            throw SyntaxError(at_, "a value is missing");
        std::string word(text_.substr(at_, end - at_));
        at_ = end;
        skip();
        if (auto found = functions().find(word); found != functions().end() && take("(")) {
            double argument = sum();
            if (!take(")"))
                throw SyntaxError(at_, "a ')' is missing");
            return found->second(argument);
        }
        auto value = values_.find(word);
        if (value == values_.end())
            throw UnknownName(word);
        return value->second;
    }

    std::optional<char> take(std::string_view any) {
        if (at_ < text_.size() && any.find(text_[at_]) != std::string_view::npos) {
            char taken = text_[at_++];
            skip();
            return taken;
        }
        return std::nullopt;
    }

    void skip() {
        while (at_ < text_.size() && text_[at_] == ' ')
            at_++;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    const Values &values_;
    int &depth_;
};

void evaluate(const std::string &line, Values &values, int &depth) {
    std::istringstream words(line);
    std::string name, equals, rest;
    if (!(words >> name >> equals) || equals != "=")
        throw std::invalid_argument("not of the form NAME = EXPRESSION");
    std::getline(words >> std::ws, rest);
    try {
        values[name] = Parser(rest, values, depth).whole();
    } catch (const std::logic_error &) {
        values.erase(name);
        std::throw_with_nested(std::runtime_error("in the value of " + name));
    }
}

void report(std::ostream &out, const std::exception &error, int level = 0) {
    out << (level ? ", because " : "") << error.what();
    try {
        std::rethrow_if_nested(error);
    } catch (const std::exception &inner) {
        report(out, inner, level + 1);
    }
}

void table(const Values &values) {
    std::vector<std::pair<std::string, double>> rows(values.begin(), values.end());
    std::stable_sort(rows.begin(), rows.end(), [](const auto &a, const auto &b) { return a.second > b.second; });
    for (const auto &[name, value] : rows)
        std::cout << std::left << std::setw(12) << name << std::right << std::setw(16) << std::fixed
                  << std::setprecision(4) << value << '\n';
    double total = std::accumulate(rows.begin(), rows.end(), 0.0, [](double sum, const auto &row) { return sum + row.second; });
    std::cout << rows.size() << " values, total " << std::defaultfloat << std::setprecision(10) << total << '\n';
}

int run(std::istream &in) {
    auto values = std::make_unique<Values>();
    int wrong = 0, depth = 0, number = 0;
    for (std::string line; std::getline(in, line);) {
        number++;
        if (line.empty() || line[0] == '#')
            continue;
        try {
            evaluate(line, *values, depth);
        } catch (const std::exception &error) {
            wrong++;
            std::cout << "line " << number << ": ";
            report(std::cout, error);
            std::cout << '\n';
        }
        if (depth != 0)
            throw std::logic_error("a destructor did not run");
    }
    table(*values);
    return wrong;
}

} // namespace

int main(int argc, char **argv) try {
    if (argc < 2)
        return run(std::cin);
    if (std::string_view(argv[1]) == "--abandon")
        throw 42;
    std::ifstream file;
    file.exceptions(std::ios::badbit);
    file.open(argv[1]);
    if (!file)
        throw std::runtime_error(std::string("cannot open ") + argv[1]);
    return run(file);
} catch (const std::exception &error) {
    std::cerr << "ledger: " << error.what() << std::endl;
    return 100;
}
