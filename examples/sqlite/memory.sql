-- SPDX-License-Identifier: BSD-2-Clause
-- No file at all: recursion, full-text search, JSON, windows, and a table of some size.
--   sqlite3 :memory: < memory.sql
WITH RECURSIVE
    xs(x) AS (SELECT -2.0 UNION ALL SELECT x + 0.0625 FROM xs WHERE x < 0.75),
    ys(y) AS (SELECT -1.0 UNION ALL SELECT y + 0.25 FROM ys WHERE y < 1.0),
    orbit(steps, cx, cy, x, y) AS (
        SELECT 0, x, y, 0.0, 0.0 FROM xs, ys
        UNION ALL
        SELECT steps + 1, cx, cy, x * x - y * y + cx, 2.0 * x * y + cy FROM orbit
        WHERE x * x + y * y < 4.0 AND steps < 24
    ),
    depth(steps, cx, cy) AS (SELECT max(steps), cx, cy FROM orbit GROUP BY cx, cy),
    line(cy, text) AS (
        SELECT cy, group_concat(substr(' .:+#', 1 + min(steps / 5, 4), 1), '' ORDER BY cx) FROM depth GROUP BY cy
    )
SELECT rtrim(text) FROM line ORDER BY cy;

CREATE VIRTUAL TABLE note USING fts5 (body, tokenize = 'porter unicode61');
INSERT INTO note VALUES ('The keeper writes letters'), ('A letter was written'), ('Rocks, and birds above the rocks');
SELECT rowid, highlight(note, 0, '[', ']') FROM note WHERE note MATCH 'letter OR rock' ORDER BY rank, rowid;

SELECT key, value ->> '$.n' FROM json_each('{"one": {"n": 1}, "two": {"n": 2.5}, "many": {"n": null}}');

CREATE TABLE measure (id INTEGER PRIMARY KEY, kind TEXT, value REAL);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
INSERT INTO measure SELECT i, char(97 + i % 5), (i * 7919) % 10007 / 16.0 FROM n;
CREATE INDEX measure_by_kind ON measure (kind, value);
SELECT kind, count(*), min(value), printf('%.4f', avg(value)), max(value) FROM measure GROUP BY kind;
SELECT id, value, sum(value) OVER (ORDER BY id ROWS 2 PRECEDING) FROM measure WHERE id % 5000 = 0;
SELECT printf('%.12f', sqrt(2) * sin(pi() / 8));
