# SPDX-License-Identifier: BSD-2-Clause
"""With a server, and without one."""

import socket

import pytest
from client import ask
from proto import ASK

from elfhaven.client import MemRef, TeeError, Value


def test_asking(session):
    assert ask(session, b"hello" * 100) == b"you said: " + b"hello" * 100


def test_nobody_there(session):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(TeeError):
        session.invoke(ASK, MemRef.input(b"127.0.0.1"), Value(port), MemRef.input(b"x"), MemRef.output(10))
