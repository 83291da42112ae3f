# SPDX-License-Identifier: BSD-2-Clause
"""The descriptor table of a process."""

from __future__ import annotations

from typing import Final

from elfhaven.abi import linux
from elfhaven.normal.ree.handles import Handle

LIMIT: Final = 1024


class Files:
    """Descriptors to handles. EBADF for a number that is not open."""

    def __init__(self) -> None:
        self._open: dict[int, Handle] = {}
        self.close_on_exec: set[int] = set()

    def __getitem__(self, number: int) -> Handle:
        try:
            return self._open[number & 0xFFFF_FFFF]
        except KeyError:
            raise OSError(linux.EBADF, "not open") from None

    def __contains__(self, number: int) -> bool:
        return number in self._open

    def numbers(self) -> list[int]:
        return sorted(self._open)

    def add(self, handle: Handle, flags: int = 0, lowest: int = 0) -> int:
        """The lowest free number from `lowest` on; of `flags`, O_CLOEXEC counts."""
        number = lowest
        while number in self._open:
            number += 1
        if number >= LIMIT:
            if not handle.references:
                handle.close()
            raise OSError(linux.ERRNO["EMFILE"], "too many open files")
        self.put(number, handle, flags)
        return number

    def put(self, number: int, handle: Handle, flags: int = 0) -> None:
        """Opens `handle` as `number`, which is free."""
        self._open[number] = handle
        handle.references += 1
        if flags & linux.O_CLOEXEC:
            self.close_on_exec.add(number)

    def close(self, number: int) -> None:
        handle = self[number]
        del self._open[number & 0xFFFF_FFFF]
        self.close_on_exec.discard(number)
        handle.references -= 1
        if not handle.references:
            handle.close()

    def close_all(self) -> None:
        for number in self.numbers():
            try:
                self.close(number)
            except OSError:
                continue
