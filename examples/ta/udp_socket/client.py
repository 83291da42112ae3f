# SPDX-License-Identifier: BSD-2-Clause
"""Starts a server that loses the first request, and has the TA ask it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from proto import ASK, UUID
from ta import Udp

from elfhaven.client import Context, MemRef, Session, Value


@contextmanager
def server(lost: int) -> Iterator[int]:
    """A server's port. It drops the first `lost` datagrams and answers the next."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        bound.settimeout(10)

        def serve() -> None:
            for _ in range(lost):
                bound.recv(4096)
            request, peer = bound.recvfrom(4096)
            bound.sendto(request.upper(), peer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield bound.getsockname()[1]
        thread.join()


def ask(session: Session, port: int, request: bytes, tries: int = 5) -> bytes:
    host = MemRef.input(b"127.0.0.1")
    return session.invoke(ASK, host, Value(port, tries), MemRef.input(request), MemRef.output(2048))[3]


if __name__ == "__main__":
    with Context(tas=[Udp]) as tee, tee.open_session(UUID) as session, server(lost=1) as port:
        print(ask(session, port, b"hello").decode())
