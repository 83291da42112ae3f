# SPDX-License-Identifier: BSD-2-Clause
"""Starts a server, says whom to trust, and has the TA ask it."""

import tempfile

from proto import ASK, TRUST, UUID
from server import certificate, server
from ta import TlsClient

from elfhaven.client import Context, MemRef, Session, Value


def ask(session: Session, port: int, request: bytes, name: bytes = b"localhost") -> bytes:
    found = session.invoke(ASK, MemRef.input(name), Value(port), MemRef.input(request), MemRef.output(4096))
    return found[3]


if __name__ == "__main__":
    authority, key = certificate("localhost")
    with (
        tempfile.TemporaryDirectory() as device,  # a fresh one: the authority is made anew each time
        Context(tas=[TlsClient], state=device) as tee,
        tee.open_session(UUID) as session,
        server(authority, key) as port,
    ):
        session.invoke(TRUST, MemRef.input(authority))
        print(ask(session, port, b"!dlrow olleH").decode())
