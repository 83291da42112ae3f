# SPDX-License-Identifier: BSD-2-Clause
"""Rows that last, statements that fail as a whole, and SQL that would lead out."""

import threading

import pytest
from client import execute
from proto import EXECUTE, SIZE, UUID
from ta import LARGEST, SecureDb

from elfhaven.client import (
    AccessConflict,
    AccessDenied,
    BadFormat,
    BadParameters,
    Cancelled,
    Context,
    MemRef,
    Operation,
    StorageNoSpace,
    Value,
)

COUNT_FOREVER = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n"


def test_rows(session):
    execute(session, "create table note (id integer primary key, text text, size real)")
    execute(session, "insert into note values (?, ?, ?), (2, null, 0.5)", 1, "é", 2.5)
    assert execute(session, "select * from note", room=2) == [[1, "é", 2.5], [2, None, 0.5]]
    assert execute(session, "update note set size = 3 returning id") == [[1], [2]]


def test_it_lasts(tmp_path):
    for times in range(3):
        with Context(tas=[SecureDb], state=tmp_path) as tee, tee.open_session(UUID) as session:
            execute(session, "create table if not exists t (x)")
            execute(session, "insert into t values (1)")
            assert execute(session, "select sum(x) from t") == [[times + 1]]
    stored = b"".join(path.read_bytes() for path in (tmp_path / "tee").iterdir())
    assert stored
    assert b"SQLite format" not in stored


def test_all_or_nothing(session):
    execute(session, "create table t (x integer unique)")
    execute(session, "insert into t values (1)")
    with pytest.raises(AccessConflict):
        execute(session, "insert into t values (2), (1)")
    with pytest.raises(BadParameters):
        execute(session, "begin")
    with pytest.raises(BadParameters):
        execute(session, "insert into t values (?)")
    with pytest.raises(BadFormat):
        execute(session, "inzert into t values (3)")
    with pytest.raises(BadFormat):
        session.invoke(EXECUTE, MemRef.input(b"{}"), MemRef.output(10))
    assert execute(session, "select x from t") == [[1]]


def test_what_was_not_told_did_not_happen(session):
    """The rows of `returning` do not fit: nothing was inserted, and asking again inserts once."""
    execute(session, "create table t (x)")
    assert execute(session, "insert into t values ('a long text') returning x", room=3) == [["a long text"]]
    assert execute(session, "select count(*) from t") == [[1]]


@pytest.mark.parametrize(
    "statement", ["attach '/etc/passwd' as a", "vacuum into 'copy'", "pragma journal_mode = off"]
)
def test_nothing_leads_out(session, statement):
    with pytest.raises(AccessDenied):
        execute(session, statement)


def test_a_database_has_a_size(session):
    execute(session, "create table t (x)")
    execute(session, "insert into t values (randomblob(80000))")
    with pytest.raises(StorageNoSpace):
        execute(session, "insert into t values (randomblob(80000))")
    assert 80_000 < session.invoke(SIZE, Value.output())[0].a <= LARGEST
    assert execute(session, "select count(*) from t") == [[1]]


def test_a_query_is_cancelled(session):
    request = f'["{COUNT_FOREVER}", []]'.encode()
    operation = Operation(MemRef.input(request), MemRef.output(100))
    threading.Timer(0.3, operation.cancel).start()
    with pytest.raises(Cancelled):
        session.invoke(EXECUTE, operation=operation)
    assert execute(session, "select 1") == [[1]]


def test_power_that_goes(device, power_loss):
    """Cut at every write to storage: a row is there or not, and the database opens."""
    seen = set()

    def insert(tee):
        with tee.open_session(UUID) as session:
            execute(session, "insert into t values (1)")

    def count(tee):
        with tee.open_session(UUID) as session:
            seen.add(execute(session, "select count(*) from t")[0][0])

    with device.tee.open_session(UUID) as session:
        execute(session, "create table t (x)")
    assert power_loss(insert, count, torn=(0.5,)) > 3
    assert seen == {0, 1}
