# SPDX-License-Identifier: BSD-2-Clause
"""utee calls of cryptography, made by the probe TA: on the emulator, or on the real OP-TEE
(tests/fidelity)."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Protocol

from tests.unit.secure.probe import PRIVATE

from elfhaven.abi.gp_crypto import TEE_ATTR_FLAG_VALUE

Ended = tuple[int, int]
Value = bytes | int | tuple[int, int]
Attributes = Mapping[int, Value] | Sequence[tuple[int, Value]]

# places in the TA's own memory
_HANDLE, _LENGTH, _TAG_LENGTH, _INFO = 0, 16, 24, 32
_ATTRIBUTES, _VALUES, _SOURCE, _SECOND, _TARGET, _TAG = 1024, 5120, 16384, 32768, 40960, 61440
_NULL = 0


class Probed(Protocol):
    """A session with the probe. put and get copy to and from the TA's own memory."""

    def svc(self, number: int, *arguments: int) -> int | Ended: ...
    def put(self, data: bytes, offset: int = ...) -> int: ...
    def get(self, size: int, offset: int = ...) -> bytes: ...
    def scratch(self) -> int: ...


class Tee:
    """Every method gives the result of its call, and what it told; a handle is told as a number."""

    def __init__(self, session: Probed) -> None:
        self._session = session
        self.svc = session.svc
        self._base = session.scratch()
        self._objects: list[int] = []
        self._states: list[int] = []
        self._given = 0

    def close(self) -> None:
        """Give everything back that is still there."""
        for state in self._states:
            self.svc(17, state)
        for handle in self._objects:
            self.svc(28, handle)
        self._states.clear()
        self._objects.clear()

    def _u32(self, offset: int) -> int:
        return int.from_bytes(self._session.get(4, offset), "little")

    def _u64(self, offset: int) -> int:
        return int.from_bytes(self._session.get(8, offset), "little")

    def _length(self, value: int, offset: int = _LENGTH) -> int:
        return self._session.put(value.to_bytes(8, "little"), offset)

    def _made(self, code: int | Ended, kept: list[int]) -> tuple[int | Ended, int]:
        if code != 0:
            return code, 0
        kept.append(self._u32(_HANDLE))
        return code, kept[-1]

    # ---- objects

    def attributes(self, given: Attributes) -> tuple[int, int]:
        """Where they lie, and how many."""
        pairs = list(given.items()) if isinstance(given, Mapping) else list(given)
        rows, contents = b"", b""
        for number, value in pairs:
            if isinstance(value, tuple):
                rows += struct.pack("<QQI4x", *value, number)
            elif isinstance(value, int) and number & TEE_ATTR_FLAG_VALUE:
                rows += struct.pack("<QQI4x", value, 0, number)
            else:
                raw = (
                    value.to_bytes((value.bit_length() + 7) // 8, "big") if isinstance(value, int) else value
                )
                rows += struct.pack("<QQI4x", self._base + _VALUES + len(contents), len(raw), number)
                contents += raw
        assert len(rows) <= _VALUES - _ATTRIBUTES
        assert len(contents) <= _SOURCE - _VALUES
        self._given = len(contents)
        self._session.put(contents, _VALUES)
        return self._session.put(rows, _ATTRIBUTES), len(pairs)

    def contents(self) -> bytes:
        """The buffers of the attributes given last, as they lie in memory now."""
        return self._session.get(self._given, _VALUES)

    def object(self, kind: int, bits: int) -> tuple[int | Ended, int]:
        return self._made(self.svc(27, kind, bits, PRIVATE | _HANDLE), self._objects)

    def populate(self, handle: int, given: Attributes) -> int | Ended:
        return self.svc(30, handle, *self.attributes(given))

    def generate(self, handle: int, bits: int, given: Attributes = ()) -> int | Ended:
        return self.svc(54, handle, bits, *self.attributes(given))

    def key(self, kind: int, bits: int, given: Attributes) -> int:
        """A populated object."""
        code, handle = self.object(kind, bits)
        assert code == 0, code
        code = self.populate(handle, given)
        assert code == 0, code
        return handle

    def new_key(self, kind: int, bits: int, given: Attributes = ()) -> int:
        """A generated one."""
        code, handle = self.object(kind, bits)
        assert code == 0, code
        code = self.generate(handle, bits, given)
        assert code == 0, code
        return handle

    def copy(self, to: int, origin: int) -> int | Ended:
        return self.svc(31, to, origin)

    def info(self, handle: int) -> tuple[int | Ended, tuple[int, ...]]:
        code = self.svc(24, handle, PRIVATE | _INFO)
        return code, struct.unpack("<7I", self._session.get(28, _INFO)) if code == 0 else ()

    def attribute(
        self, handle: int, number: int, room: int = 4096, buffer: bool = True
    ) -> tuple[int | Ended, int, bytes]:
        self._length(room)
        target = PRIVATE | _TARGET if buffer else _NULL
        code = self.svc(26, handle, number, target, PRIVATE | _LENGTH)
        return self._told(code)

    def _told(self, code: int | Ended) -> tuple[int | Ended, int, bytes]:
        length = self._u64(_LENGTH) if isinstance(code, int) else 0
        return code, length, self._session.get(length, _TARGET) if code == 0 else b""

    # ---- operations

    def state(self, algorithm: int, mode: int, key1: int = 0, key2: int = 0) -> tuple[int | Ended, int]:
        return self._made(self.svc(15, algorithm, mode, key1, key2, PRIVATE | _HANDLE), self._states)

    def operation(self, algorithm: int, mode: int, key1: int = 0, key2: int = 0) -> int:
        code, handle = self.state(algorithm, mode, key1, key2)
        assert code == 0, code
        return handle

    def copy_state(self, to: int, origin: int) -> int | Ended:
        return self.svc(16, to, origin)

    def free(self, state: int) -> int | Ended:
        code = self.svc(17, state)
        if code == 0 and state in self._states:
            self._states.remove(state)
        return code

    def hash_init(self, state: int) -> int | Ended:
        return self.svc(18, state, _NULL, 0)

    def hash_update(self, state: int, data: bytes) -> int | Ended:
        return self.svc(19, state, self._session.put(data, _SOURCE), len(data))

    def hash_final(self, state: int, data: bytes = b"", room: int = 64) -> tuple[int | Ended, int, bytes]:
        self._length(room)
        source = self._session.put(data, _SOURCE)
        code = self.svc(20, state, source, len(data), PRIVATE | _TARGET, PRIVATE | _LENGTH)
        return self._told(code)

    def cipher_init(self, state: int, iv: bytes = b"") -> int | Ended:
        return self.svc(21, state, self._session.put(iv, _SECOND), len(iv))

    def cipher(
        self, state: int, data: bytes, room: int | None = None, last: bool = False
    ) -> tuple[int | Ended, int, bytes]:
        self._length(len(data) if room is None else room)
        source = self._session.put(data, _SOURCE)
        number = 23 if last else 22
        code = self.svc(number, state, source, len(data), PRIVATE | _TARGET, PRIVATE | _LENGTH)
        return self._told(code)

    def ae_init(self, state: int, nonce: bytes, tag: int = 16, aad: int = 0, payload: int = 0) -> int | Ended:
        return self.svc(34, state, self._session.put(nonce, _SECOND), len(nonce), tag, aad, payload)

    def ae_aad(self, state: int, data: bytes) -> int | Ended:
        return self.svc(35, state, self._session.put(data, _SOURCE), len(data))

    def ae_update(self, state: int, data: bytes, room: int | None = None) -> tuple[int | Ended, int, bytes]:
        self._length(len(data) if room is None else room)
        source = self._session.put(data, _SOURCE)
        return self._told(self.svc(36, state, source, len(data), PRIVATE | _TARGET, PRIVATE | _LENGTH))

    def ae_encrypt_final(
        self, state: int, data: bytes, room: int | None = None, tag_room: int = 16
    ) -> tuple[int | Ended, int, bytes, int, bytes]:
        self._length(len(data) if room is None else room)
        self._length(tag_room, _TAG_LENGTH)
        source = self._session.put(data, _SOURCE)
        out = (PRIVATE | _TARGET, PRIVATE | _LENGTH, PRIVATE | _TAG, PRIVATE | _TAG_LENGTH)
        told = self._told(self.svc(37, state, source, len(data), *out))
        length = self._u64(_TAG_LENGTH) if isinstance(told[0], int) else 0
        return *told, length, self._session.get(length, _TAG) if told[0] == 0 else b""

    def ae_decrypt_final(
        self, state: int, data: bytes, tag: bytes, room: int | None = None
    ) -> tuple[int | Ended, int, bytes]:
        self._length(len(data) if room is None else room)
        source = self._session.put(data, _SOURCE)
        where = self._session.put(tag, _TAG)
        out = (PRIVATE | _TARGET, PRIVATE | _LENGTH, where, len(tag))
        return self._told(self.svc(38, state, source, len(data), *out))

    def operate(
        self, state: int, data: bytes, given: Attributes = (), room: int = 1024
    ) -> tuple[int | Ended, int, bytes]:
        self._length(room)
        where, count = self.attributes(given)
        source = self._session.put(data, _SOURCE)
        out = (PRIVATE | _TARGET, PRIVATE | _LENGTH)
        return self._told(self.svc(39, state, where, count, source, len(data), *out))

    def verify(self, state: int, data: bytes, signature: bytes, given: Attributes = ()) -> int | Ended:
        where, count = self.attributes(given)
        source, second = self._session.put(data, _SOURCE), self._session.put(signature, _SECOND)
        return self.svc(40, state, where, count, source, len(data), second, len(signature))

    def derive(self, state: int, into: int, given: Attributes) -> int | Ended:
        return self.svc(32, state, *self.attributes(given), into)
