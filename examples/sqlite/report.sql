-- SPDX-License-Identifier: BSD-2-Clause
-- Questions to the database that library.sql made.
--   sqlite3 out/library.db < report.sql
.headers on
.mode column
SELECT name, count(loan.book) AS loans, max(day) AS latest
FROM reader LEFT JOIN loan ON loan.reader = reader.id GROUP BY reader.id ORDER BY loans DESC, name;
.mode csv
SELECT title, day, julianday(lead(day) OVER (PARTITION BY book ORDER BY day)) - julianday(day) AS days
FROM loan JOIN book ON book.id = loan.book ORDER BY title, day;
.headers off
.mode list
EXPLAIN QUERY PLAN SELECT day FROM loan WHERE reader = 2;
UPDATE book SET pages = pages + 1 WHERE title LIKE 't%';
SELECT sum(pages), round(avg(pages), 3) FROM book;
VACUUM;
PRAGMA integrity_check;
