# SPDX-License-Identifier: BSD-2-Clause
"""Memory that a program shares through an open node of the TEE: allocated for it, or its own registered.

A context knows it by a small number; its descriptor and calls under way keep it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfhaven.abi import linux
from elfhaven.abi import tee_ioctl as tee
from elfhaven.machine.memory import PAGE
from elfhaven.normal.ree.areas import READ, WRITE, Chunk
from elfhaven.normal.ree.handles import Handle
from elfhaven.normal.ree.threads import Outcome

if TYPE_CHECKING:
    from elfhaven.normal.ree.process import Process

Piece = tuple[Chunk, int, int]  # a run of whole pages: chunk, offset in it, bytes
Share = Callable[[list[tuple[int, int]], int, int], int]


@dataclass(slots=True, eq=False)
class SharedPages:
    """`size` bytes that begin `offset` bytes into the pieces; the other side knows them by `cookie`. They
    are taken back once they are closed and no call uses them."""

    cookie: int
    offset: int
    size: int
    pieces: Sequence[Piece]
    forget: Callable[[SharedPages], None]
    users: int = 1  # its descriptor, and calls under way
    number: int = 0

    def release(self) -> None:
        self.users -= 1
        if not self.users:
            self.forget(self)

    def views(self, size: int) -> list[memoryview]:
        """The live bytes from the first on, at most `size`."""
        out, skip, left = [], self.offset, min(size, self.size)
        for chunk, at, length in self.pieces:
            take = min(length - skip, left)
            out.append(chunk.view(at + skip, take))
            skip, left = 0, left - take
        return out


class SharedHandle(Handle):
    """The descriptor of shared memory; what was allocated can be mapped."""

    def __init__(self, pages: SharedPages, own: Chunk | None) -> None:
        super().__init__()
        self.pages = pages
        self._own = own
        self.path = "/dmabuf:"

    def memory(self, offset: int, size: int) -> Chunk | None:
        if self._own is None or offset or size > -(-self.pages.size // PAGE) * PAGE:
            raise OSError(linux.EINVAL, "not that part")
        return self._own

    def seek(self, offset: int, whence: int) -> int:
        if whence == os.SEEK_END and not offset:
            return self.pages.size
        return super().seek(offset, whence)

    def close(self) -> None:
        self.pages.release()


class SharedMemory:
    """What one context shares. `share` tells the secure world of (address, bytes) runs, in which `size` bytes
    begin at an offset, and gives their cookie: a call that may wait for others to end. None where it is not
    told. `take_back` lets go of pages that nothing uses any more."""

    def __init__(
        self, process: Process, share: Share | None, take_back: Callable[[SharedPages], None]
    ) -> None:
        self._files = process.files
        self._memory = process.memory
        self._secure = process.secure
        self._share = share
        self._take_back = take_back
        self._known: dict[int, SharedPages] = {}

    def get(self, number: int) -> SharedPages | None:
        return self._known.get(number)

    def allocate(self, argument: int) -> Outcome:
        """TEE_IOC_SHM_ALLOC."""
        data = self._memory.read(argument, tee.SHM_ALLOC_DATA.size)
        size, flags, _ = tee.SHM_ALLOC_DATA.struct.unpack(data)
        if flags or not size:
            raise OSError(linux.EINVAL, "no such memory")
        chunk = self._memory.chunk(size)

        def told(number: int) -> bytes:
            return tee.SHM_ALLOC_DATA.struct.pack(size, 0, number)

        return self._add([(chunk, 0, -(-size // PAGE) * PAGE)], 0, size, argument, told, chunk)

    def register(self, argument: int) -> Outcome:
        """TEE_IOC_SHM_REGISTER."""
        data = self._memory.read(argument, tee.SHM_REGISTER_DATA.size)
        address, size, flags, _ = tee.SHM_REGISTER_DATA.struct.unpack(data)
        if flags or not size:
            raise OSError(linux.EINVAL, "no such memory")
        inside = address % PAGE
        span = -(-(inside + size) // PAGE) * PAGE
        pieces = self._memory.pages(address - inside, span, READ | WRITE)

        def told(number: int) -> bytes:
            return tee.SHM_REGISTER_DATA.struct.pack(address, size, 0, number)

        return self._add(pieces, inside, size, argument, told, None)

    def _add(
        self,
        pieces: list[Piece],
        offset: int,
        size: int,
        argument: int,
        told: Callable[[int], bytes],
        own: Chunk | None,
    ) -> Outcome:
        """Shares pages under a new number, of which the program is `told` in the ioctl's argument."""
        for chunk, _, _ in pieces:
            chunk.hold()
        extents = [(chunk.address + at, length) for chunk, at, length in pieces]

        def work() -> int | OSError:
            try:
                return self._share(extents, offset, size) if self._share else 0
            except OSError as error:
                return error

        def end(answer: int | OSError) -> int:
            if isinstance(answer, OSError):
                for chunk, _, _ in pieces:
                    chunk.release()
                raise answer
            return self._open(SharedPages(answer, offset, size, pieces, self._forget), argument, told, own)

        return self._secure.call_out(work, end) if self._share else end(0)

    def _open(
        self, pages: SharedPages, argument: int, told: Callable[[int], bytes], own: Chunk | None
    ) -> int:
        """A descriptor of shared pages."""
        pages.number = self._secure.take()
        self._known[pages.number] = pages
        try:
            self._memory.write(argument, told(pages.number))
        except OSError:
            pages.release()
            raise
        return self._files.add(SharedHandle(pages, own), linux.O_CLOEXEC)

    def _forget(self, pages: SharedPages) -> None:
        self._known.pop(pages.number, None)
        self._secure.give(pages.number)
        self._take_back(pages)
