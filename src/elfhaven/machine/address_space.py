# SPDX-License-Identifier: BSD-2-Clause
"""The address space of a TA, and the one door to guest memory.

Whatever the core reads from a TA goes through `read` (a copy, with the TA's own rights), whatever it writes
through `write`. Placement follows OP-TEE's vm: regions lie in ascending order, a new one goes into the
first gap that fits, and a page is kept free beside regions of a special kind.
"""

from __future__ import annotations

import bisect
import struct
from dataclasses import dataclass, field
from enum import IntFlag

from elfhaven.machine.memory import PAGE, PhysicalMemory
from elfhaven.machine.pages import Backing
from elfhaven.machine.pagetable import PageTable, Protection, TablePool

READ = int(Protection.READ)  # plain ints: an IntFlag's & costs a microsecond
WRITE = int(Protection.WRITE)


Identity = tuple[int, int, tuple[tuple[int, int], ...]]


class GuestFault(Exception):
    """The guest gave an address that it may not use so."""

    def __init__(self, address: int, size: int, rights: int) -> None:
        super().__init__(f"{address:#x}+{size:#x} not open for {Protection(rights)!r}")
        self.address = address


class NoRoom(Exception):
    """No gap fits, or the wanted address is taken."""


class Kind(IntFlag):
    """What sets a region apart (OP-TEE's VM_FLAG_*). Behind and before such a region, a page stays free."""

    PLAIN = 0
    EPHEMERAL = 1  # a parameter of a call
    PERMANENT = 2  # cannot be unmapped by the TA
    SHAREABLE = 4  # another TA may be given it


PARAMETER = Kind.EPHEMERAL | Kind.SHAREABLE


@dataclass(slots=True, eq=False)
class Mapping:
    """One region; `label` names it in abort reports."""

    start: int
    size: int
    protection: int
    backing: Backing
    offset: int = 0
    kind: Kind = Kind.PLAIN
    label: str = ""
    view: memoryview | None = None  # the live bytes, where the backing is contiguous
    ephemeral: bool = field(init=False)

    def __post_init__(self) -> None:
        self.ephemeral = bool(self.kind & Kind.EPHEMERAL)  # once: it takes a microsecond

    @property
    def end(self) -> int:
        return self.start + self.size


class AddressSpace:
    """Regions between `base` and `end`. `epoch` changes with everything that an engine's TLB must notice,
    and is never that of another space."""

    def __init__(self, memory: PhysicalMemory, tables: TablePool, base: int, end: int, limit: int) -> None:
        self._memory = memory
        self._tables = tables
        self._table = PageTable(tables, limit)
        self.base = base
        self.end = end
        self.mappings: list[Mapping] = []
        self._starts: list[int] = []
        self.mapped = 0
        self.epoch = tables.stamp()
        self._stale: set[Identity] = set()  # parameters that a TLB may still know

    @property
    def root(self) -> int:
        """Physical address of the translation table."""
        return self._table.root

    # ---- mapping

    def map(
        self,
        backing: Backing,
        size: int,
        protection: Protection,
        *,
        at: int = 0,
        offset: int = 0,
        pad_begin: int = 0,
        pad_end: int = 0,
        kind: Kind = Kind.PLAIN,
        label: str = "",
    ) -> Mapping:
        """Map a part of `backing`, at `at` if not 0. NoRoom or OutOfTables leave everything as it was."""
        new = Mapping(at, size, int(protection), backing, offset, kind, label)
        place = self._place(new, pad_begin, pad_end)
        pieces = backing.pieces(offset, size)
        self._map_pieces(new.start, pieces, protection)
        if len(pieces) == 1 and protection:
            new.view = self._memory.slice(*pieces[0])
        self.mappings.insert(place, new)
        self._starts.insert(place, new.start)
        self.mapped += size
        backing.hold()
        backing.executable |= bool(protection & Protection.EXECUTE)
        return new

    def _map_pieces(self, start: int, pieces: list[tuple[int, int]], protection: Protection) -> None:
        done = start
        try:
            for physical, length in pieces:
                self._table.map(done, physical, length, protection)
                done += length
        except Exception:
            if done > start:
                self._table.unmap(start, done - start)
            raise

    def _place(self, new: Mapping, pad_begin: int, pad_end: int) -> int:
        """Fill in new.start and give its index among the regions."""
        low, wanted, span = self.base + pad_begin, new.start, new.size + pad_end
        for index, following in enumerate(self.mappings):
            gap = _gap(following, new)
            start = wanted or low
            if start >= low and start + span <= following.start - gap and not start % PAGE:
                new.start = start
                return index
            low = following.start + following.size + gap + pad_begin
        start = wanted or low
        if start < low or start + span > self.end or start % PAGE:
            raise NoRoom
        new.start = start
        return len(self.mappings)

    def unmap(self, start: int, size: int) -> None:
        """Unmap whole pages, all of which must be mapped; regions are split as needed."""
        self._check_mapped(start, size)
        for place in (start, start + size):
            self._split(place)
        first = bisect.bisect_left(self._starts, start)
        last = bisect.bisect_left(self._starts, start + size)
        gone = self.mappings[first:last]
        del self.mappings[first:last], self._starts[first:last]
        self._table.unmap(start, size)
        self.mapped -= size
        self.epoch = self._tables.stamp()
        for mapping in gone:
            mapping.backing.release()

    def _check_mapped(self, start: int, size: int) -> None:
        at = start
        while at < start + size:
            mapping = self.find(at)
            if mapping is None:
                raise GuestFault(at, start + size - at, Protection.NONE)
            at = mapping.end

    def _split(self, at: int) -> None:
        mapping = self.find(at)
        if mapping is None or mapping.start == at:
            return
        head = at - mapping.start
        tail = Mapping(
            at,
            mapping.size - head,
            mapping.protection,
            mapping.backing,
            mapping.offset + head,
            mapping.kind,
            mapping.label,
        )
        if mapping.view is not None:
            tail.view, mapping.view = mapping.view[head:], mapping.view[:head]
        mapping.size = head
        mapping.backing.hold()
        place = bisect.bisect_right(self._starts, mapping.start)
        self.mappings.insert(place, tail)
        self._starts.insert(place, at)

    def drop_parameters(self) -> None:
        """Unmap the ephemeral regions, at the end of a call."""
        for mapping in [m for m in self.mappings if m.ephemeral]:
            place = self.mappings.index(mapping)
            del self.mappings[place], self._starts[place]
            self._table.unmap(mapping.start, mapping.size)
            self.mapped -= mapping.size
            self._stale.add(_identity(mapping))
            mapping.backing.release()

    def settle(self) -> None:
        """To be called when the parameters of a call are mapped. A TLB must be flushed only if parameters of
        earlier calls are not where they were: a program that calls out in a loop maps the same ones again."""
        if self._stale:
            if not self._stale <= {_identity(m) for m in self.mappings if m.ephemeral}:
                self.epoch = self._tables.stamp()
            self._stale.clear()

    def close(self) -> None:
        """Unmap everything and give the tables back."""
        for mapping in self.mappings:
            mapping.view = None
            mapping.backing.release()
        self.mappings.clear()
        self._starts.clear()
        self._table.close()
        self.epoch = self._tables.stamp()
        self.mapped = 0

    # ---- the door

    def find(self, address: int) -> Mapping | None:
        """The region that holds `address`."""
        place = bisect.bisect_right(self._starts, address) - 1
        if place < 0:
            return None
        mapping = self.mappings[place]
        return mapping if address < mapping.end else None

    def _view(self, address: int, size: int, rights: int) -> memoryview | None:
        """The live bytes, where one contiguous region holds them all."""
        mapping = self.find(address)
        if mapping is None or mapping.protection & rights != rights:
            raise GuestFault(address, size, rights)
        if mapping.view is None or address + size > mapping.end:
            return None
        at = address - mapping.start
        return mapping.view[at : at + size]

    def _runs(self, address: int, size: int, rights: int) -> list[memoryview]:
        """The live bytes of a range in pieces; GuestFault unless all of it is open for `rights`."""
        out = []
        while size:
            mapping = self.find(address)
            if mapping is None or mapping.protection & rights != rights:
                raise GuestFault(address, size, rights)
            take = min(size, mapping.end - address)
            pieces = mapping.backing.pieces(mapping.offset + address - mapping.start, take)
            out += [self._memory.slice(*piece) for piece in pieces]
            address, size = address + take, size - take
        return out

    def read(self, address: int, size: int) -> bytes:
        """A copy of guest memory; GuestFault where the guest itself could not read."""
        if size == 0:
            return b""
        view = self._view(address, size, READ)
        return bytes(view) if view is not None else b"".join(self._runs(address, size, READ))

    def write(self, address: int, data: bytes) -> None:
        """Write guest memory; GuestFault, with nothing written, where the guest itself could not."""
        if not data:
            return
        view = self._view(address, len(data), WRITE)
        if view is not None:
            view[:] = data
            return
        at = 0
        for run in self._runs(address, len(data), WRITE):
            run[:] = data[at : at + len(run)]
            at += len(run)

    def read_u32(self, address: int) -> int:
        return int.from_bytes(self.read(address, 4), "little")

    def read_u64(self, address: int) -> int:
        return int.from_bytes(self.read(address, 8), "little")

    def write_u32(self, address: int, value: int) -> None:
        self.write(address, struct.pack("<I", value & 0xFFFFFFFF))

    def write_u64(self, address: int, value: int) -> None:
        self.write(address, struct.pack("<Q", value & 0xFFFFFFFFFFFFFFFF))

    def check_private(self, address: int, size: int) -> None:
        """GuestFault unless the range, which may be empty, lies in the guest's own memory: none of a
        call's."""
        end = address + max(size, 1)
        while address < end:
            mapping = self.find(address)
            if mapping is None or mapping.ephemeral:
                raise GuestFault(address, size, 0)
            address = mapping.end

    def read_private(self, address: int, size: int) -> bytes:
        """`read` from the guest's own memory alone."""
        self.check_private(address, size)
        return self.read(address, size)

    def write_private(self, address: int, data: bytes) -> None:
        """`write` to the guest's own memory alone."""
        self.check_private(address, len(data))
        self.write(address, data)

    def check(self, address: int, size: int, rights: int) -> None:
        """GuestFault unless the whole range is open for `rights`."""
        rights = int(rights)
        if address + size > 1 << 64:
            raise GuestFault(address, size, rights)
        while size > 0:
            mapping = self.find(address)
            if mapping is None or mapping.protection & rights != rights:
                raise GuestFault(address, size, rights)
            size -= mapping.end - address
            address = mapping.end


def _identity(mapping: Mapping) -> Identity:
    """What a TLB knows of a parameter."""
    pieces = mapping.backing.pieces(mapping.offset, mapping.size)
    return mapping.start, mapping.protection, tuple(pieces)


def _gap(other: Mapping, new: Mapping) -> int:
    """Bytes kept free between a new region and its neighbour: the neighbour's kind decides."""
    return PAGE if other.kind != 0 and other.kind != new.kind else 0
