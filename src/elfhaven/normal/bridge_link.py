# SPDX-License-Identifier: BSD-2-Clause
"""Frames to and from a bridge over a stream of bytes: see abi/bridge.py."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from elfhaven.abi import bridge as wire
from elfhaven.errors import TargetError

_FRAME: Final = wire.FRAME.struct
_RECEIVED: Final = 256 << 10  # bytes asked for at a time


class ByteStream(Protocol):
    """Both directions of a connection."""

    def send(self, data: bytes) -> None:
        """Sends all of it. OSError when the other end is gone."""
        ...

    def receive(self, size: int, timeout: float | None = None) -> bytes:
        """At most `size` bytes, b"" at the end. TimeoutError after `timeout` seconds without one."""
        ...

    def close(self) -> None:
        """Ends the connection; from any thread, and a thread in receive() sees the end."""
        ...


class Frame(NamedTuple):
    """One frame that came."""

    kind: int
    id: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class User:
    """On whose behalf sessions are opened."""

    uid: int
    gid: int
    groups: tuple[int, ...]

    @classmethod
    def of_this_process(cls) -> User:
        return cls(os.geteuid(), os.getegid(), tuple(os.getgroups()[: wire.GROUPS]))


def frame(kind: wire.Kind, number: int, *parts: bytes | memoryview) -> bytes:
    """A frame with its header."""
    payload = b"".join(parts)
    return _FRAME.pack(wire.MAGIC, kind, number, len(payload)) + payload


class Link:
    """A stream cut into frames. One thread at a time may take frames, another one may send."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self._inbox = bytearray()
        self.directory = ""  # the bridge's working directory, once it was greeted

    def greet(self, user: User, patience: float) -> bool:
        """Says HELLO, and skips what came before its answer; False if nothing came for `patience` seconds.

        EOFError at the end of the stream, TargetError where the other end has no TEE.
        """
        nonce = secrets.randbits(64)
        hello = wire.HELLO.struct.pack(nonce, wire.VERSION, user.uid, user.gid, len(user.groups))
        groups = b"".join(group.to_bytes(4, "little") for group in user.groups)
        self._stream.send(frame(wire.Kind.HELLO, 0, hello, groups))
        marker = _FRAME.pack(wire.MAGIC, wire.Kind.WELCOME, 0, wire.WELCOME.size) + nonce.to_bytes(
            8, "little"
        )
        if not self._seek(marker, patience):
            return False
        welcome = wire.WELCOME.struct.unpack(self.take().payload)
        if welcome[2] == 0 and welcome[4] == 0:
            raise TargetError("the guest has no /dev/tee0", "look at the log of its Linux: is OP-TEE there?")
        self.directory = os.fsdecode(welcome[-1].split(b"\0")[0])
        return True

    def find(self, wanted: bytes, patience: float) -> bool:
        """Takes the frame `wanted`, skipping what came before; False if there was none for `patience` s."""
        found = self._seek(wanted, patience)
        if found:
            del self._inbox[: len(wanted)]
        return found

    def _seek(self, marker: bytes, patience: float) -> bool:
        while (at := self._inbox.find(marker)) < 0:
            self._refuse_other_version()
            try:
                self._receive(patience)
            except TimeoutError:
                return False
        del self._inbox[:at]
        return True

    def send(self, frames: Iterable[bytes]) -> None:
        """Sends frames in one piece. OSError when the other end is gone."""
        self._stream.send(b"".join(frames))

    def take(self) -> Frame:
        """The next frame. EOFError at the end of the stream, TargetError where it is none."""
        self._fill(_FRAME.size)
        magic, kind, number, size = _FRAME.unpack_from(self._inbox)
        if magic != wire.MAGIC or size > wire.FRAME_MAX:
            raise TargetError("the bridge sent what is no frame", "do both ends come from the same elfhaven?")
        end = _FRAME.size + size
        self._fill(end)
        payload = bytes(memoryview(self._inbox)[_FRAME.size : end])
        del self._inbox[:end]
        return Frame(kind, number, payload)

    def close(self) -> None:
        self._stream.close()

    def _fill(self, size: int) -> None:
        while len(self._inbox) < size:
            self._receive(None)

    def _receive(self, timeout: float | None) -> None:
        data = self._stream.receive(_RECEIVED, timeout)
        if not data:
            raise EOFError
        self._inbox += data

    def _refuse_other_version(self) -> None:
        error = frame(wire.Kind.ERROR, 0, wire.ERROR.struct.pack(wire.Broken.VERSION, 0))
        if error in self._inbox:
            raise TargetError(
                f"the bridge does not speak version {wire.VERSION} of the protocol",
                "start the machine again: it has the bridge of another elfhaven",
            )
