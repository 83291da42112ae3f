# SPDX-License-Identifier: BSD-2-Clause
"""Shared memory that lies at a bridge's end: what changed on this side, and buffers kept for reuse.

Locks: `Memories._lock` guards the tables. A buffer's bytes belong to whoever makes the call that uses it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from elfhaven.abi import bridge as wire
from elfhaven.normal.bridge_link import frame

KEPT_LARGEST: Final = 1 << 20  # bytes of a buffer that is still kept for reuse
_KEPT_EACH: Final = 4
_PAGE: Final = 4096
_PIECE_MAX: Final = wire.FRAME_MAX - wire.PIECE.size


@dataclass(slots=True)
class Remote:
    """Shared memory by handle. `agreed`: as both ends last knew it; `view`: the client's own, if any."""

    handle: int
    agreed: bytearray
    view: memoryview | None = None

    def writes(self, data: memoryview, offset: int) -> Iterator[bytes]:
        """WRITE frames for what `data`, at `offset`, changes; then both ends agree on it."""
        for start, end in changes(data, self.agreed, offset):
            piece = wire.PIECE.struct.pack(self.handle, 0, offset + start)
            changed = data[start:end]
            self.agreed[offset + start : offset + end] = changed
            yield frame(wire.Kind.WRITE, 0, piece, changed)

    def heard(self, offset: int, data: memoryview) -> None:
        """Takes in what the other end changed. ValueError if it does not lie in the memory."""
        end = offset + len(data)
        if end > len(self.agreed):
            raise ValueError(f"{len(data)} bytes at {offset} do not lie in {len(self.agreed)} bytes")
        self.agreed[offset:end] = data
        if self.view is not None:
            self.view[offset:end] = data


def changes(data: memoryview, agreed: bytearray, offset: int) -> Iterator[tuple[int, int]]:
    """Ranges of `data` that differ from `agreed` at `offset`: whole blocks, none too long for a frame."""
    start: int | None = None
    end = 0
    for low, high in _differing(data, agreed, offset):
        if start is not None and low == end and high - start <= _PIECE_MAX:
            end = high
            continue
        if start is not None:
            yield start, end
        start, end = low, high
    if start is not None:
        yield start, end


def _differing(data: memoryview, agreed: bytearray, offset: int) -> Iterator[tuple[int, int]]:
    """Blocks that differ; a page that is the same costs one comparison."""
    size = len(data)
    for page in range(0, size, _PAGE):
        stop = min(page + _PAGE, size)
        if bytes(data[page:stop]) == agreed[offset + page : offset + stop]:
            continue
        for low in range(page, stop, wire.BLOCK):
            high = min(low + wire.BLOCK, stop)
            if bytes(data[low:high]) != agreed[offset + low : offset + high]:
                yield low, high


class Memories:
    """A connection's shared memory. `allocate` and `release` ask the other end, by size and by handle."""

    def __init__(self, allocate: Callable[[int], int], release: Callable[[int], None]) -> None:
        self._allocate = allocate
        self._release = release
        self._lock = threading.Lock()
        self._known: dict[int, Remote] = {}
        self._kept: dict[int, list[Remote]] = {}

    def __getitem__(self, handle: int) -> Remote:
        """The memory of a handle; KeyError if there is none."""
        return self._known[handle]

    def get(self, handle: int) -> Remote | None:
        return self._known.get(handle)

    def new(self, size: int, view: memoryview | None = None) -> Remote:
        """Zeroed memory. TeeError where there is no room."""
        remote = Remote(self._allocate(size), bytearray(size), view)
        with self._lock:
            self._known[remote.handle] = remote
        return remote

    def release(self, handle: int) -> None:
        """Gives memory back; nothing happens for an unknown handle."""
        with self._lock:
            remote = self._known.pop(handle, None)
        if remote is not None:
            self._release(handle)

    def borrow(self, size: int) -> Remote:
        """Memory of at least `size` bytes for one call; its content is left from an earlier one."""
        wanted = max(_PAGE, 1 << (size - 1).bit_length() if size > 1 else 1)
        if wanted > KEPT_LARGEST:
            return self.new(size)
        with self._lock:
            kept = self._kept.setdefault(wanted, [])
            if kept:
                return kept.pop()
        return self.new(wanted)

    def give_back(self, remote: Remote) -> None:
        """Ends a loan."""
        size = len(remote.agreed)
        if size <= KEPT_LARGEST:
            with self._lock:
                kept = self._kept[size]
                if len(kept) < _KEPT_EACH:
                    kept.append(remote)
                    return
        self.release(remote.handle)
