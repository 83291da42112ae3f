# SPDX-License-Identifier: BSD-2-Clause
"""Packets of gdb's remote serial protocol on a TCP connection: `$data#checksum`, acknowledged by `+` or `-`.

A thread of its own reads, so that Ctrl-C (a byte 3 between packets) is heard while the guest runs. Lock:
none; packets go through a queue, and only the guest's thread writes.
"""

from __future__ import annotations

import queue
import select
import socket
import threading
from collections.abc import Callable

from elfhaven.errors import UsageError

LOOPBACK = "127.0.0.1"
_INTERRUPT = 3
_LARGEST = 1 << 16
_ASK_AGAIN = 0.02  # seconds
_ESCAPE, _FLIP = 0x7D, 0x20


def listen(port: int) -> socket.socket:
    """A socket on the loopback interface that waits for gdb. UsageError where the port cannot be had."""
    if not 0 <= port < 1 << 16:
        raise UsageError(
            f"--gdb: {port} is no port", "take one from 1024 to 65535, or 0 for any that is free"
        )
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((LOOPBACK, port))
        made.listen(1)
    except OSError as error:
        made.close()
        raise UsageError(
            f"--gdb: port {port} cannot be had: {error.strerror}",
            "take another port, or 0 for any that is free",
        ) from None
    return made


def packet(data: bytes) -> bytes:
    """`data` as it goes over the wire."""
    escaped = bytearray()
    for byte in data:
        escaped += bytes((_ESCAPE, byte ^ _FLIP)) if byte in b"#$}*" else bytes((byte,))
    return b"$" + escaped + b"#%02x" % (sum(escaped) & 0xFF)


class Splitter:
    """Takes bytes as they come; gives packets (None for one whose checksum is wrong) and counts
    interrupts."""

    def __init__(self) -> None:
        self._data = bytearray()
        self.interrupts = 0

    def feed(self, data: bytes) -> list[bytes | None]:
        self._data += data
        found: list[bytes | None] = []
        while self._data:
            if self._data[0] != ord("$"):
                self.interrupts += self._data[0] == _INTERRUPT
                del self._data[0]
                continue
            end = self._data.find(b"#")
            if end < 0 or len(self._data) < end + 3:
                if len(self._data) > 2 * _LARGEST:
                    self._data.clear()
                break
            body, check = bytes(self._data[1:end]), bytes(self._data[end + 1 : end + 3])
            del self._data[: end + 3]
            found.append(_plain(body) if check.lower() == b"%02x" % (sum(body) & 0xFF) else None)
        return found


def _plain(body: bytes) -> bytes:
    """Without escapes."""
    if _ESCAPE not in body:
        return body
    out, pending = bytearray(), False
    for byte in body:
        if byte == _ESCAPE and not pending:
            pending = True
            continue
        out.append(byte ^ _FLIP if pending else byte)
        pending = False
    return bytes(out)


class Wire:
    """One connection. `ask` is called, again and again until calm(), once gdb wants the guest to stop."""

    def __init__(self, connected: socket.socket, ask: Callable[[], None]) -> None:
        self._socket = connected
        self._ask = ask
        self._queue: queue.Queue[bytes | None] = queue.Queue()
        self._acks = True
        self._wish = threading.Event()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @property
    def closed(self) -> bool:
        """Whether gdb has gone."""
        return self._closed.is_set()

    def take(self, seconds: float) -> bytes | None:
        """The next packet; None where none came in time, or gdb has gone."""
        try:
            return self._queue.get(timeout=seconds)
        except queue.Empty:
            return None

    def send(self, data: bytes) -> None:
        self._send(packet(data))

    def calm(self) -> bool:
        """The guest stands. Whether gdb had wished for that."""
        wished = self._wish.is_set()
        self._wish.clear()
        return wished

    def without_acks(self) -> None:
        """QStartNoAckMode, from the next packet on."""
        self._acks = False

    def close(self) -> None:
        self._closed.set()
        self._socket.close()
        self._thread.join(1)

    def _send(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except OSError:
            self._gone()

    def _read(self) -> None:
        splitter = Splitter()
        while not self.closed:
            try:
                ready, _, _ = select.select(
                    [self._socket], [], [], _ASK_AGAIN if self._wish.is_set() else 0.5
                )
                data = self._socket.recv(_LARGEST) if ready else None
            except (OSError, ValueError):
                data = b""
            if data == b"":
                self._gone()
                return
            for each in splitter.feed(data or b""):
                if self._acks:
                    self._send(b"-" if each is None else b"+")
                if each is not None:
                    self._queue.put(each)
            if splitter.interrupts:
                splitter.interrupts = 0
                self._wish.set()
            if self._wish.is_set():
                self._ask()

    def _gone(self) -> None:
        self._closed.set()
        self._queue.put(None)
