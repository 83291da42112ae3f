# SPDX-License-Identifier: BSD-2-Clause
"""The bytes of a file of REE-FS: reads and writes at any place, by way of its blocks."""

from __future__ import annotations

from elfhaven.abi.gp import TEE_ERROR_CORRUPT_OBJECT
from elfhaven.secure.result import TeeResult
from elfhaven.secure.storage.hash_tree import HashTree
from elfhaven.secure.storage.layout import BLOCK, block_offset


class TreeFile:
    """Changes hold after `tree.commit()`."""

    def __init__(self, tree: HashTree) -> None:
        self.tree = tree

    @property
    def size(self) -> int:
        return self.tree.length

    def read(self, position: int, size: int) -> bytes:
        """At most `size` bytes; fewer at the end of the file."""
        end = min(position + size, self.tree.length)
        if end <= position:
            return b""
        first, last = position // BLOCK, (end - 1) // BLOCK
        data = b"".join(self.tree.read_block(block) for block in range(first, last + 1))
        return data[position - first * BLOCK : end - first * BLOCK]

    def write(self, position: int, data: bytes) -> None:
        """Write behind or over what is there; a gap is filled with zeros. No data change nothing."""
        if not data:
            return
        if position > self.tree.length:
            self.extend(position)
        at, end = position, position + len(data)
        while at < end:
            stop = min(end, (at // BLOCK + 1) * BLOCK)
            self._write_into(at // BLOCK, at % BLOCK, data[at - position : stop - position])
            at = stop
        if end > self.tree.length:
            self.tree.resize(end)

    def extend(self, length: int) -> None:
        """Zeros up to `length`, block by block."""
        at = self.tree.length
        while at < length:
            stop = min(length, (at // BLOCK + 1) * BLOCK)
            self._write_into(at // BLOCK, at % BLOCK, bytes(stop - at))
            at = stop
        self.tree.resize(length)

    def _write_into(self, block: int, at: int, data: bytes) -> None:
        """One block; what held before is read even where all of it is replaced, as OP-TEE does."""
        held = -(-self.tree.length // BLOCK)
        old = self.tree.read_block(block) if block < held else bytes(BLOCK)
        self.tree.write_block(block, old[:at] + data + old[at + len(data) :])

    def shrink(self, length: int) -> int:
        """Cut the data off; the size that the stored file may be cut to once that is committed."""
        self.tree.drop_nodes(length // BLOCK)
        self.tree.resize(length)
        return block_offset(-(-length // BLOCK), 1) + BLOCK


def exactly(file: TreeFile, position: int, size: int) -> bytes:
    """`size` bytes; TeeResult CORRUPT_OBJECT where there are fewer."""
    data = file.read(position, size)
    if len(data) != size:
        raise TeeResult(TEE_ERROR_CORRUPT_OBJECT, "the file is too short")
    return data
