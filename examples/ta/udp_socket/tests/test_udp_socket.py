# SPDX-License-Identifier: BSD-2-Clause
"""An answer, one that comes late, and none."""

import socket

import pytest
from client import ask, server

from elfhaven.client import SocketTimeout


@pytest.mark.parametrize("lost", [0, 1])
def test_an_answer(session, lost):
    with server(lost) as port:
        assert ask(session, port, b"ping") == b"PING"


def test_nobody_answers(session, console):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        with pytest.raises(SocketTimeout):
            ask(session, silent.getsockname()[1], b"ping", tries=2)
        assert silent.recv(100) == silent.recv(100) == b"ping"
    assert any("no answer to 2 requests" in line for line in console)
