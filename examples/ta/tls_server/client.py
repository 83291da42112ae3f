# SPDX-License-Identifier: BSD-2-Clause
"""Takes a connection and carries its records to the TA and back; a client in the same program asks."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from proto import CERTIFICATE, NAME, PASS, UUID
from ta import TlsServer

from elfhaven.client import Context, MemRef, SecurityViolation, Session, Value

ROOM = 4096


def carry(session: Session, peer: socket.socket) -> int:
    """Serves one connection; how many bytes of records were carried."""
    carried, over = 0, False
    while not over and (records := peer.recv(ROOM)):
        waiting = 1
        while waiting:
            _, made, state = session.invoke(PASS, MemRef.input(records), MemRef.output(ROOM), Value.output())
            peer.sendall(made)
            carried += len(records) + len(made)
            records, over, waiting = b"", bool(state.a), state.b
    return carried


@contextmanager
def served(context: Context, connections: int = 1) -> Iterator[int]:
    """The port of a server in the TA, for some connections one after the other. One that breaks the protocol
    is ended; the secure console says why."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            for _ in range(connections):
                peer, _ = listening.accept()
                with peer, context.open_session(UUID) as session, suppress(SecurityViolation):
                    carry(session, peer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        thread.join()


def certificate(context: Context) -> str:
    with context.open_session(UUID) as session:
        return session.invoke(CERTIFICATE, MemRef.output(ROOM))[0].decode()


def say(port: int, trusted: str, *lines: bytes) -> list[bytes]:
    """What an ordinary TLS client hears."""
    context = ssl.create_default_context(cadata=trusted)
    with (
        socket.create_connection(("127.0.0.1", port)) as plain,
        context.wrap_socket(plain, server_hostname=NAME) as tls,
    ):
        tls.sendall(b"".join(line + b"\n" for line in lines))
        heard = b""
        while heard.count(b"\n") < len(lines):
            heard += tls.recv(ROOM)
        return heard.splitlines()


if __name__ == "__main__":
    with Context(tas=[TlsServer]) as tee, served(tee) as port:
        print(*say(port, certificate(tee), b"hello", b"is it you?"), sep="\n")
