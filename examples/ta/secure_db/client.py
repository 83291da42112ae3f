# SPDX-License-Identifier: BSD-2-Clause
"""Keeps a list of visits; every run adds one."""

import json

from proto import EXECUTE, UUID
from ta import SecureDb

from elfhaven.client import Context, MemRef, Session, ShortBuffer


def execute(session: Session, statement: str, *arguments: object, room: int = 4096) -> list[list[object]]:
    """The rows of a statement. A query is asked again where its rows need more room."""
    request = MemRef.input(json.dumps([statement, arguments]).encode())
    try:
        answer = session.invoke(EXECUTE, request, MemRef.output(room))[1]
    except ShortBuffer as short:
        answer = session.invoke(EXECUTE, request, MemRef.output(short.sizes[1]))[1]
    return json.loads(answer)


if __name__ == "__main__":
    with Context(tas=[SecureDb]) as tee, tee.open_session(UUID) as session:
        execute(session, "create table if not exists visit (number integer primary key, at text)")
        execute(session, "insert into visit (at) values (datetime('now'))")
        for number, at in execute(session, "select number, at from visit order by number desc limit 5"):
            print(number, at)
