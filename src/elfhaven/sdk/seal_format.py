# SPDX-License-Identifier: BSD-2-Clause
"""The format of sealed files (docs/reference/sealed-format.md): reading and writing one with its key.

Pure functions on bytes and open files. What does not hold raises SealError; nothing of it is given out.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from elfhaven.errors import StateError

UNIT: Final = 4096
FAN: Final = 128
LEVELS: Final = 3
SIZE_MAX: Final = UNIT * FAN**LEVELS
MAGIC: Final = b"EHSEAL\0\1"
FORMAT: Final = 2
_LEAF = 2 + 2 * FAN
_BRANCH = 2 + FAN * _LEAF
_CLEAR = struct.Struct("<8sII16s12sI16s")  # magic, format, slot, id, nonce, reserved, tag
_HEAD = struct.Struct("<32sQQII32s")  # key, counter, size, sequence, depth, root
_ENTRY = struct.Struct("<12s16sI")  # nonce, tag, stamp
_POSITION = struct.Struct("<IIQ")


class SealError(StateError):
    """A sealed file does not hold: not its key, not its name, or changed."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What the tree says of a unit below it. `stamp`: 0 for a hole, else sequence * 2 + slot."""

    nonce: bytes = bytes(12)
    tag: bytes = bytes(16)
    stamp: int = 0

    @classmethod
    def parse(cls, data: bytes) -> Entry:
        return cls(*_ENTRY.unpack(data))

    def __bytes__(self) -> bytes:
        return _ENTRY.pack(self.nonce, self.tag, self.stamp)


@dataclass(frozen=True, slots=True)
class Header:
    """A header that held under its key and name. `slot`: which of the two it is."""

    id: bytes
    key: bytes
    counter: int
    size: int
    sequence: int
    depth: int
    root: Entry
    slot: int = 0


def place(level: int, index: int, slot: int) -> int:
    """Byte offset of a unit: level 0 are blocks, 1 to 3 nodes."""
    group = index if level else index // FAN
    leaf = 4 + group // FAN * _BRANCH + 2 + group % FAN * _LEAF
    if level == 3:
        return UNIT * (2 + slot)
    if level == 2:
        return UNIT * (4 + index * _BRANCH + slot)
    return UNIT * (leaf + slot if level else leaf + 2 + slot * FAN + index % FAN)


def headers(file: IO[bytes], key: bytes, name: str) -> list[Header]:
    """The headers that hold, the newest first. `name`: the absolute path that the file is bound to."""
    found = [header for slot in (0, 1) if (header := _header(_read(file, slot * UNIT), key, name, slot))]
    return sorted(found, key=lambda header: -header.counter)


def _header(unit: bytes, key: bytes, name: str, slot: int) -> Header | None:
    if len(unit) != UNIT:
        return None
    magic, version, place, _, nonce, reserved, tag = _CLEAR.unpack_from(unit)
    if (magic, version, place, reserved) != (MAGIC, FORMAT, slot, 0):
        return None
    try:
        plain = ChaCha20Poly1305(key).decrypt(nonce, unit[_CLEAR.size :] + tag, unit[:32] + _name_hash(name))
    except InvalidTag:
        return None
    file_key, counter, size, sequence, depth, root = _HEAD.unpack_from(plain)
    if size > SIZE_MAX or not 1 <= depth <= LEVELS:
        return None
    return Header(unit[16:32], file_key, counter, size, sequence, depth, Entry.parse(root), slot)


def _name_hash(name: str) -> bytes:
    return hashlib.sha256(os.fsencode(name)).digest()


def _read(file: IO[bytes], at: int) -> bytes:
    file.seek(at)
    return file.read(UNIT)


def blocks(file: IO[bytes], header: Header) -> Iterator[bytes]:
    """The plain file, block by block; the last one is as long as the size leaves it. SealError."""
    cipher = ChaCha20Poly1305(header.key)
    count = -(-header.size // UNIT)
    nodes: dict[tuple[int, int], bytes] = {}
    for index in range(count):
        entry = _entry(file, cipher, header, index, nodes)
        plain = _unit(file, cipher, 0, index, entry)
        yield plain[: min(UNIT, header.size - index * UNIT)]


def _entry(
    file: IO[bytes], cipher: ChaCha20Poly1305, header: Header, block: int, nodes: dict[tuple[int, int], bytes]
) -> Entry:
    """The entry of a block, by way of the nodes above it; `nodes` keeps the last one of each level."""
    if block >= FAN**header.depth:
        return Entry()
    entry = header.root
    for level in range(header.depth, 0, -1):
        at = (level, block // FAN**level)
        if at not in nodes:
            for known in [known for known in nodes if known[0] == level]:
                del nodes[known]
            nodes[at] = _unit(file, cipher, *at, entry)
        child = block // FAN ** (level - 1) % FAN
        entry = Entry.parse(nodes[at][_ENTRY.size * child : _ENTRY.size * (child + 1)])
    return entry


def units(file: IO[bytes], header: Header) -> Iterator[int]:
    """Byte offsets of all that the file is read from: header, nodes, blocks. SealError."""
    yield header.slot * UNIT
    yield from _below(file, ChaCha20Poly1305(header.key), header.depth, 0, header.root)


def _below(file: IO[bytes], cipher: ChaCha20Poly1305, level: int, index: int, entry: Entry) -> Iterator[int]:
    if not entry.stamp:
        return
    yield place(level, index, entry.stamp & 1)
    node = _unit(file, cipher, level, index, entry) if level else b""
    for at in range(0, len(node), _ENTRY.size):
        child = Entry.parse(node[at : at + _ENTRY.size])
        yield from _below(file, cipher, level - 1, index * FAN + at // _ENTRY.size, child)


def _unit(file: IO[bytes], cipher: ChaCha20Poly1305, level: int, index: int, entry: Entry) -> bytes:
    if not entry.stamp:
        return bytes(UNIT)
    data = _read(file, place(level, index, entry.stamp & 1))
    try:
        return cipher.decrypt(entry.nonce, data + entry.tag, _POSITION.pack(level, 0, index))
    except InvalidTag:
        what = "block" if level == 0 else f"node of level {level},"
        raise SealError(
            f"{what} {index} does not hold: it was changed, moved or put back to an older state",
            "put back what the program wrote last; after a loss of power, let the program open it once",
        ) from None


def write(file: IO[bytes], plain: IO[bytes], key: bytes, name: str, counter: int) -> None:
    """A sealed file with what `plain` holds, all in slot 0, as its first commit."""
    writer = _Writer(file)
    size = 0
    while block := plain.read(UNIT):
        size += len(block)
        writer.add(block.ljust(UNIT, b"\0"))
        if size > SIZE_MAX:
            raise SealError(f"a sealed file holds at most {SIZE_MAX >> 30} GiB")
    depth, root = writer.finish()
    head = _HEAD.pack(writer.key, counter, size, 1, depth, bytes(root)).ljust(UNIT - _CLEAR.size, b"\0")
    nonce, identity = os.urandom(12), os.urandom(16)
    start = struct.pack("<8sII16s", MAGIC, FORMAT, 0, identity)
    sealed = ChaCha20Poly1305(key).encrypt(nonce, head, start + _name_hash(name))
    file.seek(0)
    file.write(start + nonce + bytes(4) + sealed[-16:] + sealed[:-16])
    if file.seek(0, os.SEEK_END) < 2 * UNIT:
        file.truncate(2 * UNIT)


class _Writer:
    """Blocks in order; nodes are written when they are full, or at the end."""

    def __init__(self, file: IO[bytes]) -> None:
        self.key = os.urandom(32)
        self._cipher = ChaCha20Poly1305(self.key)
        self._file = file
        self._open: list[list[Entry]] = [
            []
        ]  # by level, from 1 on: the entries of the node that is being filled
        self._count = [0] * (LEVELS + 1)

    def add(self, block: bytes) -> None:
        self._append(1, self._write(0, block))

    def _write(self, level: int, data: bytes) -> Entry:
        index = self._count[level]
        self._count[level] += 1
        nonce = os.urandom(12)
        sealed = self._cipher.encrypt(nonce, data, _POSITION.pack(level, 0, index))
        self._file.seek(place(level, index, 0))
        self._file.write(sealed[:-16])
        return Entry(nonce, sealed[-16:], 1 << 1)

    def _append(self, level: int, entry: Entry) -> None:
        if len(self._open) < level:
            self._open.append([])
        entries = self._open[level - 1]
        if len(entries) == FAN:
            self._append(level + 1, self._write(level, _node(entries)))
            entries.clear()
        entries.append(entry)

    def finish(self) -> tuple[int, Entry]:
        """Depth and root of the tree."""
        if not self._open[0]:
            return 1, Entry()
        level = 1
        while level < len(self._open):
            self._append(level + 1, self._write(level, _node(self._open[level - 1])))
            level += 1
        return level, self._write(level, _node(self._open[level - 1]))


def _node(entries: list[Entry]) -> bytes:
    return b"".join(map(bytes, entries)).ljust(UNIT, b"\0")
