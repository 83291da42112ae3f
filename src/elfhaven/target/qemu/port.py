# SPDX-License-Identifier: BSD-2-Clause
"""A way into a machine's TEE: one of its bridge's ports, held by a lock while it is used.

A port takes one client at a time. Whoever dies gives it up: the lock goes with the process, and the bridge
begins anew with the next client.
"""

from __future__ import annotations

import fcntl
import os
import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from elfhaven.errors import TargetError
from elfhaven.normal.bridge_link import Link, User
from elfhaven.normal.bridge_transport import BridgeTransport
from elfhaven.target.qemu.boot import socket_name
from elfhaven.target.qemu.initramfs import PORTS
from elfhaven.target.qemu.machine import Machine

_WAIT: Final = 60.0  # for a port that nobody uses
PATIENCE: Final = (3.0, 6.0, 12.0, 24.0)  # for an answer, of tries one after the other: a busy host is slow
_POLL: Final = 0.05
_GLANCE: Final = 1.0  # seconds between looks at a machine that says nothing


class SocketStream:
    """A ByteStream over a connected socket. `held`: a descriptor that is closed with it. `over` is asked now
    and then while nothing comes: whether nothing ever will, and the stream is at its end."""

    def __init__(
        self,
        connected: socket.socket,
        held: int | None = None,
        over: Callable[[], bool] = lambda: False,
    ) -> None:
        self._socket = connected
        self._held = held
        self._over = over

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def receive(self, size: int, timeout: float | None = None) -> bytes:
        patience = _GLANCE if timeout is None else timeout
        if self._socket.gettimeout() != patience:
            self._socket.settimeout(patience)
        while True:
            try:
                return self._socket.recv(size)
            except TimeoutError:
                if timeout is not None:
                    raise
            if self._over():
                return b""

    def close(self) -> None:
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._socket.close()
        if self._held is not None:
            os.close(self._held)
            self._held = None


def connect(machine: Machine) -> BridgeTransport:
    """A connection to a machine that runs. Raises TargetError."""
    port, lock = free_port(machine, PORTS)
    try:
        for patience in PATIENCE:
            link = Link(stream_of(machine, port, lock))
            try:
                if link.greet(User.of_this_process(), patience):
                    return BridgeTransport(link, machine.lost)
            except (OSError, EOFError):
                pass
            link.close()
            time.sleep(_POLL)  # long enough for the guest to see that nobody is there
    finally:
        os.close(lock)
    raise machine.crashed("does not answer")


def free_port(machine: Machine, ports: Sequence[int]) -> tuple[int, int]:
    """One of `ports` that nobody uses, and the descriptor of its lock. Raises TargetError after a minute."""
    deadline = time.monotonic() + _WAIT
    while True:
        for port in ports:
            lock = os.open(machine.path / f"bridge{port}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return port, lock
            except BlockingIOError:
                os.close(lock)
        if time.monotonic() > deadline:
            raise TargetError(
                f"all {len(ports)} ways to the machine {machine.name} are in use",
                "wait for a program to end, or start a second machine with another --name",
            )
        time.sleep(_POLL)


def stream_of(machine: Machine, port: int, lock: int) -> SocketStream:
    """A stream to a port whose lock is held; it holds the lock too."""
    return SocketStream(connected(machine.path / socket_name(port)), os.dup(lock), machine.has_halted)


def connected(path: Path) -> socket.socket:
    """A socket's name may have 107 bytes; its directory's descriptor makes any path short."""
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            made.connect(f"/proc/self/fd/{directory}/{path.name}")
        except OSError as error:
            made.close()
            raise TargetError(
                f"cannot reach {path}: {error.strerror}", "start the machine: `elfhaven qemu up`"
            ) from None
        return made
    finally:
        os.close(directory)
