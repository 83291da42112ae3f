// SPDX-License-Identifier: BSD-2-Clause
// SQLite in memory: rows put in, looked up, changed, sorted, joined, taken away. sqlite ROWS TIMES
#include <sqlite3.h>
#include <string.h>

#include "kernel.h"

static sqlite3 *database;
static uint64_t sum = EMPTY;

static void check(int code, int expected) {
    if (code != expected) {
        fprintf(stderr, "sqlite: %s\n", sqlite3_errmsg(database));
        exit(1);
    }
}

static void execute(const char *text) {
    check(sqlite3_exec(database, text, NULL, NULL, NULL), SQLITE_OK);
}

static sqlite3_stmt *prepared(const char *text) {
    sqlite3_stmt *statement;
    check(sqlite3_prepare_v2(database, text, -1, &statement, NULL), SQLITE_OK);
    return statement;
}

// Runs a statement with up to two numbers to its end; its columns enter the checksum.
static void run(sqlite3_stmt *statement, int64_t first, int64_t second) {
    int code, places = sqlite3_bind_parameter_count(statement);
    for (int i = 0; i < places && i < 2; i++) {
        sqlite3_bind_int64(statement, i + 1, i ? second : first);
    }
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(statement); i++) {
            const void *text = sqlite3_column_text(statement, i);
            sum = mix_bytes(sum, text, text ? (size_t)sqlite3_column_bytes(statement, i) : 0);
        }
    }
    check(code, SQLITE_DONE);
    sqlite3_reset(statement);
}

static void once(const char *text) {
    sqlite3_stmt *statement = prepared(text);
    run(statement, 0, 0);
    sqlite3_finalize(statement);
}

static void each(const char *text, long times, long rows, uint64_t *seed) {
    sqlite3_stmt *statement = prepared(text);
    execute("BEGIN");
    for (long i = 0; i < times; i++) {
        int64_t first = draw(seed) % rows;
        run(statement, first, first + 10);
    }
    execute("COMMIT");
    sqlite3_finalize(statement);
}

static void insert(long rows, uint64_t *seed) {
    sqlite3_stmt *statement = prepared("INSERT INTO t VALUES (?, ?, ?)");
    execute("BEGIN");
    for (long i = 0; i < rows; i++) {
        char text[64];
        uint32_t group = draw(seed) % 1000, tail = draw(seed);
        int length = snprintf(text, sizeof text, "row %u of %ld: %08x", group, i, tail);
        sqlite3_bind_text(statement, 3, text, length, SQLITE_STATIC);
        run(statement, i, draw(seed) % rows);
    }
    execute("COMMIT");
    sqlite3_finalize(statement);
}

static void all(long rows) {
    uint64_t seed = 29;
    check(sqlite3_open(":memory:", &database), SQLITE_OK);
    execute("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, word TEXT)");
    insert(rows, &seed);
    execute("CREATE INDEX by_n ON t (n)");
    each("SELECT word FROM t WHERE id = ?", rows, rows, &seed);
    each("SELECT count(*), sum(length(word)) FROM t WHERE n BETWEEN ? AND ?", rows / 4, rows, &seed);
    each("UPDATE t SET n = n + 7, word = word || '.' WHERE id = ?", rows / 2, rows, &seed);
    once("SELECT id, word FROM t ORDER BY word LIMIT 100");
    once("SELECT word FROM t WHERE word LIKE '%ab1%' ORDER BY n, id");
    once("SELECT n % 97, count(*), max(word) FROM t GROUP BY 1 ORDER BY 2 DESC, 1");
    once("SELECT count(*), sum(a.n * b.id) FROM t a JOIN t b ON b.n = a.id WHERE a.n % 3 = 0");
    each("DELETE FROM t WHERE id = ?", rows / 2, rows, &seed);
    once("SELECT count(*), sum(n), min(word) FROM t");
    sqlite3_close(database);
}

int main(int count, char **words) {
    long rows = argument(count, words, 1, 20000), times = argument(count, words, 2, 5);
    double start = now();
    for (long i = 0; i < times; i++) {
        all(rows);
    }
    return report(sum, now() - start);
}
