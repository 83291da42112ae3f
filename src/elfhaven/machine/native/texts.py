# SPDX-License-Identifier: BSD-2-Clause
"""The texts that one engine has met, and where they lie."""

from __future__ import annotations

import time
from dataclasses import dataclass

from elfhaven.machine.memory import PhysicalMemory
from elfhaven.machine.native.bundle import Piece, Text
from elfhaven.machine.native.tier import Tier
from elfhaven.machine.native.walk import Extent, extent
from elfhaven.machine.pagetable import Protection

_MOST = 16 << 20  # bytes of a text on each side of the place that is looked at
_AT_ONCE, _SHARE = 0.25, 0.05  # seconds, and the share of all time, that reading texts may take


@dataclass(frozen=True, slots=True)
class Native:
    """A compiled region where it lies in the guest."""

    function: int  # its address in the host
    base: int
    entries: tuple[int, ...]
    checks: int
    links: tuple[int, ...]  # the places that it leads to


@dataclass(slots=True)
class Placed:
    """A text at a place; `seen` of its pieces have been taken."""

    found: int  # the address around which it was found
    extent: Extent
    text: Text
    seen: int = 0

    def holds(self, address: int) -> bool:
        return self.extent.holds(address)

    def offset(self, address: int) -> int:
        return address - self.extent.first


def _native(piece: Piece, first: int) -> Native:
    entries, links = (tuple(first + at for at in places) for places in (piece.entries, piece.links))
    return Native(piece.function, first + piece.base, entries, piece.checks, links)


class Texts:
    """Those of the address space that is entered. With `sparing`, a program that makes new code all the time
    is not read all the time."""

    def __init__(self, memory: PhysicalMemory, tier: Tier, sparing: bool = True) -> None:
        self._memory = memory
        self._sparing = sparing
        self._tier = tier
        self._placed: list[Placed] = []
        self.flush = False  # whether code is for FPCR.FZ
        self._root = -1
        self._since = time.monotonic()
        self._spent = 0.0

    def around(self, root: int, address: int) -> Placed | None:
        """The text around an address; None where there is no code that only EL0's execution may use."""
        self._root = root
        for placed in self._placed:
            if placed.holds(address):
                return placed
        start = time.monotonic()
        if self._sparing and self._spent > _AT_ONCE + _SHARE * (start - self._since):
            return None
        found = extent(self._memory, root, address, _MOST)
        if found is None or not found.rights & Protection.EXECUTE or found.rights & Protection.WRITE:
            return None
        placed = Placed(address, found, self._tier.text(self._read(found), self.flush))
        self._placed.append(placed)
        self._spent += time.monotonic() - start
        return placed

    def new(self) -> list[Native]:
        """What has been compiled since it was asked last."""
        out = []
        for placed in self._placed:
            first, pieces = placed.extent.first, placed.text.pieces[placed.seen :]
            placed.seen += len(pieces)
            out += [_native(piece, first) for piece in pieces]
        return out

    def latest_at(self, placed: Placed, address: int) -> Native | None:
        """What was compiled last of what can be entered there."""
        at = placed.offset(address)
        found = (piece for piece in reversed(placed.text.pieces) if at in piece.entries)
        piece = next(found, None)
        return None if piece is None else _native(piece, placed.extent.first)

    def stand(self, root: int) -> bool:
        """Whether what is known lies where it lay, in this address space."""
        return not self._placed or (
            root == self._root
            and all(
                extent(self._memory, root, placed.found, _MOST) == placed.extent for placed in self._placed
            )
        )

    def forget(self) -> None:
        """Code may have changed."""
        self._placed.clear()

    def _read(self, found: Extent) -> bytes:
        for region in self._memory.regions:
            at = found.host - region.host_address
            if 0 <= at < region.size:
                return bytes(region.view[at : at + found.size])
        raise AssertionError("an extent lies in a region")
