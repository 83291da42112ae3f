-- SPDX-License-Identifier: BSD-2-Clause
-- A lending library: tables, constraints, a trigger, a transaction that is taken back.
--   sqlite3 out/library.db < library.sql
.bail off
PRAGMA foreign_keys = ON;
CREATE TABLE book (id INTEGER PRIMARY KEY, title TEXT NOT NULL UNIQUE, pages INTEGER CHECK (pages > 0));
CREATE TABLE reader (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE loan (
    book INTEGER NOT NULL REFERENCES book,
    reader INTEGER NOT NULL REFERENCES reader,
    day TEXT NOT NULL,
    PRIMARY KEY (book, day)
) WITHOUT ROWID;
CREATE INDEX loan_by_reader ON loan (reader, day);
CREATE TABLE history (what TEXT);
CREATE TRIGGER lent AFTER INSERT ON loan BEGIN
    INSERT INTO history
    SELECT reader.name || ' took ' || book.title FROM reader, book
    WHERE reader.id = NEW.reader AND book.id = NEW.book;
END;

BEGIN;
INSERT INTO book (title, pages) VALUES ('Tides', 212), ('The Locked Room', 388), ('Grammar of Birds', 97);
INSERT INTO reader (name) VALUES ('Ines'), ('Tomás'), ('Wen');
INSERT INTO loan VALUES (1, 1, '2024-02-28'), (2, 3, '2024-02-29'), (1, 2, '2024-03-01');
COMMIT;

-- A thousand loans that never were.
BEGIN;
INSERT INTO loan
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
SELECT 1 + i % 3, 1 + i % 2, date('2030-01-01', i || ' days') FROM n;
SELECT 'inside the transaction', count(*) FROM loan;
ROLLBACK;
SELECT 'after it', count(*) FROM loan;

INSERT INTO loan VALUES (9, 1, '2024-03-02');
INSERT INTO book (title, pages) VALUES ('Nothing', 0);
SELECT what FROM history;
