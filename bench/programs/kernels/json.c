// SPDX-License-Identifier: BSD-2-Clause
// A JSON text (RFC 8259) made into a tree, again and again. json RECORDS TIMES
#include <string.h>

#include "kernel.h"

typedef enum { NOTHING, FALSE, TRUE, NUMBER, STRING, ARRAY, OBJECT } Kind;

typedef struct Value {
    Kind kind;
    uint32_t size;
    struct Value *next, *child;  // the elements of an array, the members of an object
    const char *name, *text;
    double number;
} Value;

typedef struct {
    const char *at;
    Value *values;
    char *strings;
    size_t used, filled;
    int failed;
} Parser;

static Value *fresh(Parser *parser, Kind kind) {
    Value *made = &parser->values[parser->used++];
    memset(made, 0, sizeof *made);
    made->kind = kind;
    return made;
}

static void skip(Parser *parser) {
    while (*parser->at == ' ' || *parser->at == '\n' || *parser->at == '\t' || *parser->at == '\r') {
        parser->at++;
    }
}

static int take(Parser *parser, char byte) {
    skip(parser);
    if (*parser->at != byte) {
        return 0;
    }
    parser->at++;
    return 1;
}

static unsigned hexadecimal(Parser *parser) {
    unsigned value = 0;
    for (int i = 0; i < 4; i++) {
        char byte = *parser->at++;
        value = value * 16 + (unsigned)(byte <= '9' ? byte - '0' : (byte | 32) - 'a' + 10);
    }
    return value;
}

static char *encode(char *out, unsigned code) {
    if (code < 0x80) {
        *out++ = (char)code;
    } else if (code < 0x800) {
        *out++ = (char)(0xc0 | code >> 6);
        *out++ = (char)(0x80 | (code & 63));
    } else {
        *out++ = (char)(0xe0 | code >> 12);
        *out++ = (char)(0x80 | (code >> 6 & 63));
        *out++ = (char)(0x80 | (code & 63));
    }
    return out;
}

static char *escaped(Parser *parser, char *out) {
    switch (*parser->at++) {
    case 'n': *out++ = '\n'; break;
    case 't': *out++ = '\t'; break;
    case 'r': *out++ = '\r'; break;
    case 'b': *out++ = '\b'; break;
    case 'f': *out++ = '\f'; break;
    case 'u': out = encode(out, hexadecimal(parser)); break;
    default: *out++ = parser->at[-1];
    }
    return out;
}

static const char *string(Parser *parser, uint32_t *size) {
    char *start = parser->strings + parser->filled, *out = start;
    if (!take(parser, '"')) {
        parser->failed = 1;
        return start;
    }
    while (*parser->at != '"' && *parser->at) {
        char byte = *parser->at++;
        if (byte == '\\') {
            out = escaped(parser, out);
        } else {
            *out++ = byte;
        }
    }
    parser->at++;
    *out++ = 0;
    *size = (uint32_t)(out - start - 1);
    parser->filled += (size_t)(out - start);
    return start;
}

static int is_digit(char byte) {
    return byte >= '0' && byte <= '9';
}

static double number(Parser *parser) {
    static const double powers[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12};
    int negative = *parser->at == '-', places = 0;
    int64_t digits = 0;
    parser->at += negative;
    for (; is_digit(*parser->at); parser->at++) {
        digits = digits * 10 + (*parser->at - '0');
    }
    if (*parser->at == '.') {
        for (parser->at++; is_digit(*parser->at); parser->at++, places++) {
            digits = digits * 10 + (*parser->at - '0');
        }
    }
    double value = (double)digits / powers[places];
    return negative ? -value : value;
}

static Value *value(Parser *parser);

static Value *elements(Parser *parser, Kind kind, char end) {
    Value *made = fresh(parser, kind), **last = &made->child;
    if (take(parser, end)) {
        return made;
    }
    do {
        uint32_t size = 0;
        const char *name = kind == OBJECT ? string(parser, &size) : NULL;
        if (name && !take(parser, ':')) {
            parser->failed = 1;
        }
        Value *element = value(parser);
        element->name = name;
        *last = element;
        last = &element->next;
        made->size++;
    } while (!parser->failed && take(parser, ','));
    parser->failed |= !take(parser, end);
    return made;
}

static Value *word(Parser *parser, Kind kind, const char *name) {
    size_t size = strlen(name);
    parser->failed |= strncmp(parser->at, name, size) != 0;
    parser->at += size;
    return fresh(parser, kind);
}

static Value *value(Parser *parser) {
    Value *made;
    skip(parser);
    switch (*parser->at) {
    case '{': parser->at++; return elements(parser, OBJECT, '}');
    case '[': parser->at++; return elements(parser, ARRAY, ']');
    case '"':
        made = fresh(parser, STRING);
        made->text = string(parser, &made->size);
        return made;
    case 't': return word(parser, TRUE, "true");
    case 'f': return word(parser, FALSE, "false");
    case 'n': return word(parser, NOTHING, "null");
    default:
        made = fresh(parser, NUMBER);
        made->number = number(parser);
        return made;
    }
}

static uint64_t digest(const Value *tree, uint64_t sum) {
    sum = mix(sum, (uint64_t)tree->kind << 32 | tree->size);
    if (tree->name) {
        sum = mix_bytes(sum, tree->name, strlen(tree->name));
    }
    if (tree->kind == STRING) {
        sum = mix_bytes(sum, tree->text, tree->size);
    } else if (tree->kind == NUMBER) {
        sum = mix_bytes(sum, &tree->number, sizeof tree->number);
    }
    for (const Value *child = tree->child; child; child = child->next) {
        sum = digest(child, sum);
    }
    return sum;
}

// A list of records such as a service sends.
static char *document(long records) {
    char *text = malloc((size_t)records * 320 + 16), *end = text;
    uint64_t seed = 17;
    end += sprintf(end, "[");
    for (long i = 0; i < records; i++) {
        uint32_t r[6];
        for (int j = 0; j < 6; j++) {
            r[j] = draw(&seed);
        }
        end += sprintf(end, "%s{\"id\": %ld, \"name\": \"user %x\",\n  ", i ? ",\n" : "", i, r[0]);
        end += sprintf(end, "\"active\": %s, ", r[1] & 1 ? "true" : "false");
        end += sprintf(end, "\"score\": %d.%03u, ", (int)(r[1] / 2 % 2000) - 1000, r[2] % 1000);
        end += sprintf(end, "\"note\": \"a \\\"quoted\\\" word, \\u00e9t\\u00e9\\n and a tail %u\", \"tags\": [", r[3]);
        for (uint32_t j = 0; j <= r[2] / 1000 % 5; j++) {
            end += sprintf(end, "%s\"tag%u\"", j ? ", " : "", draw(&seed) % 100);
        }
        end += sprintf(end, "], \"at\": {\"x\": %u, \"y\": -%u.5, \"z\": null}}", r[4], r[5] % 10000);
    }
    sprintf(end, "]");
    return text;
}

int main(int count, char **words) {
    long records = argument(count, words, 1, 10000), times = argument(count, words, 2, 20);
    char *text = document(records);
    Parser parser = {
        .values = malloc((size_t)(records * 20 + 16) * sizeof(Value)),
        .strings = malloc((size_t)records * 320 + 16),
    };
    Value *tree = NULL;
    double took = 0;
    uint64_t sum = EMPTY;
    for (long i = 0; i < times; i++) {
        double start = now();
        parser.at = text;
        parser.used = parser.filled = 0;
        tree = value(&parser);
        took += now() - start;
        if (parser.failed) {
            return 1;
        }
        sum = mix(sum, parser.used + parser.filled + tree->size);
    }
    return report(digest(tree, sum), took);
}
