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

    def snapshot(self) -> tuple[dict[int, Handle], set[int]]:
        """The table as it is; its handles are held until it is put back or dropped."""
        for handle in self._open.values():
            handle.references += 1
        return dict(self._open), set(self.close_on_exec)

    def exchange(self, table: tuple[dict[int, Handle], set[int]]) -> tuple[dict[int, Handle], set[int]]:
        """Puts a table in place of this one, which is given back."""
        own = self._open, self.close_on_exec
        self._open, self.close_on_exec = table
        return own

    def drop(self, table: tuple[dict[int, Handle], set[int]]) -> None:
        """Lets go of a table."""
        for handle in table[0].values():
            handle.references -= 1
            if not handle.references:
                handle.close()

    def adopt(self, table: tuple[dict[int, Handle], set[int]]) -> None:
        """Takes over a table at an exec: what is to be closed then is closed."""
        self.exchange(table)
        for number in list(self.close_on_exec):
            self.close(number)

    def close_all(self) -> None:
        for number in self.numbers():
            try:
                self.close(number)
            except OSError:
                continue
