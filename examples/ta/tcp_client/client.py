# SPDX-License-Identifier: BSD-2-Clause
"""Starts a server, and has the TA ask it."""

import socket
import threading

from proto import ASK, UUID
from ta import TcpClient

from elfhaven.client import Context, MemRef, Session, Value


def serve(server: socket.socket) -> None:
    peer, _ = server.accept()
    with peer:
        peer.sendall(b"you said: " + peer.recv(4096))


def ask(session: Session, request: bytes) -> bytes:
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        answer = session.invoke(
            ASK,
            MemRef.input(b"127.0.0.1"),
            Value(server.getsockname()[1]),
            MemRef.input(request),
            MemRef.output(4096),
        )
        thread.join()
    return answer[3]


if __name__ == "__main__":
    with Context(tas=[TcpClient]) as tee, tee.open_session(UUID) as session:
        print(ask(session, b"hello").decode())
