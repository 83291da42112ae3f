# SPDX-License-Identifier: BSD-2-Clause
"""Mapping a TA: what ldelf does on OP-TEE, done by the core itself.

A TA is a main image and the libraries that it needs, each named by a UUID and fetched like a TA.
Instances of one file share its read-only pages.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from elfhaven.abi import elf as abi
from elfhaven.abi.gp import (
    TEE_ERROR_ACCESS_CONFLICT,
    TEE_ERROR_BAD_FORMAT,
    TEE_ERROR_GENERIC,
    TEE_ERROR_OUT_OF_MEMORY,
)
from elfhaven.abi.utee import DL_PHDR_INFO, PHDR_INFO_HEAD
from elfhaven.machine.address_space import AddressSpace, Kind, Mapping, NoRoom
from elfhaven.machine.memory import PAGE
from elfhaven.machine.pages import Backing, OutOfPages, PagePool
from elfhaven.machine.pagetable import OutOfTables, Protection
from elfhaven.secure.relocate import Dynamic, Image, relocate, resolve
from elfhaven.secure.result import TeeResult
from elfhaven.secure.store import VerifiedTa
from elfhaven.secure.ta_elf import Segment, check, ta_head

ASLR_PAGES = 128  # CFG_TA_ASLR_MAX_OFFSET_PAGES
CORE_SIZE = 4 * PAGE  # of the core's own at the start of every address space
LDELF_SIZE = 16 * PAGE  # what the loader itself holds of each TA's memory, and a page of headers
MAX_IMAGES = 16
CORE_LABEL = "(core)"
_RW = Protection.READ | Protection.WRITE
_PHDR_INFO = "__elf_phdr_info"
_PHDR_SIZE = 56
Fetch = Callable[[UUID], VerifiedTa]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A TA in its address space. `images` are (UUID, load address), the main one first."""

    entry: int
    stack_top: int
    flags: int
    images: tuple[tuple[UUID, int], ...]


@dataclass(slots=True)
class _Load:
    """One load under way."""

    space: AddressSpace
    fetch: Fetch
    info: Mapping | None = None  # the loader's page that the TA can read
    images: list[Image] = field(default_factory=list)


class Loader:
    """Maps verified TAs into fresh address spaces."""

    def __init__(self, pages: PagePool, random: Callable[[int], bytes]) -> None:
        self._pages = pages
        self._random = random
        self._slices: dict[tuple[bytes, int], Backing] = {}  # (file, address): pages in use

    def load(self, ta: VerifiedTa, space: AddressSpace, fetch: Fetch) -> Loaded:
        """Map a TA and what it needs; `fetch` gives a library. On a TeeResult the caller closes the space."""
        self._slices = {key: pages for key, pages in self._slices.items() if pages.references}
        try:
            return self._load(ta, _Load(space, fetch))
        except (OutOfPages, OutOfTables):
            raise TeeResult(TEE_ERROR_OUT_OF_MEMORY) from None
        except NoRoom:
            raise TeeResult(TEE_ERROR_ACCESS_CONFLICT) from None

    def _load(self, ta: VerifiedTa, load: _Load) -> Loaded:
        self._map_loader(load)
        main = self._image(ta, load)
        self._libraries(load)
        symbol = main.dynamic.symbols.get("ta_head")
        head = ta_head(ta.elf, main.plan, None if symbol is None else symbol)
        for image in load.images:
            relocate(image, load.images, load.space)
        self._tell_headers(load)
        stack_size = (head.stack_size + PAGE - 1) // PAGE * PAGE or PAGE
        stack = load.space.map(self._pages.allocate(stack_size), stack_size, _RW, label="(stack)")
        images = tuple((image.uuid, image.base) for image in load.images)
        return Loaded(main.base + head.entry, stack.end, head.flags, images)

    def _map_loader(self, load: _Load) -> None:
        """What lies below every TA: pages of the core and of the loader, which the TA may not touch, and
        a page with headers, which it may read."""
        none, core = Protection.NONE, Backing(((0, CORE_SIZE),))
        load.space.map(core, CORE_SIZE, none, kind=Kind.PERMANENT, label=CORE_LABEL)
        load.space.map(self._pages.allocate(LDELF_SIZE), LDELF_SIZE, none, label="(ldelf)")
        load.info = load.space.map(self._pages.allocate(PAGE), PAGE, Protection.READ)

    def _libraries(self, load: _Load) -> None:
        """Breadth first, each library once."""
        for image in load.images:  # grows as we go
            for name in image.dynamic.needed:
                uuid = _library_uuid(name)
                if any(known.uuid == uuid for known in load.images):
                    continue
                if len(load.images) == MAX_IMAGES:
                    raise TeeResult(TEE_ERROR_BAD_FORMAT, f"more than {MAX_IMAGES} images")
                self._image(load.fetch(uuid), load)

    def _image(self, ta: VerifiedTa, load: _Load) -> Image:
        plan = check(ta.elf)
        first = plan.segments[0]
        if not load.images and first.offset < PAGE:
            raise TeeResult(TEE_ERROR_GENERIC, "the headers are in the first segment")  # a library may
        label = f"[{len(load.images)}]"
        rest = plan.span - (first.pages_end - first.first_page)
        try:
            start = self._map(ta, first, load.space, label, begin=self._offset(), end=rest)
        except NoRoom:
            start = self._map(ta, first, load.space, label, end=rest)
        base = start - first.first_page
        for segment in plan.segments[1:]:
            self._map(ta, segment, load.space, label, at=base + segment.first_page)
        image = Image(ta.uuid, base, ta.elf, plan, Dynamic.parse(ta.elf, plan))
        load.images.append(image)
        return image

    def _offset(self) -> int:
        return int.from_bytes(self._random(2), "little") % ASLR_PAGES * PAGE

    def _map(
        self,
        ta: VerifiedTa,
        segment: Segment,
        space: AddressSpace,
        label: str,
        *,
        at: int = 0,
        begin: int = 0,
        end: int = 0,
    ) -> int:
        size = segment.pages_end - segment.first_page
        backing = self._backing(ta, segment, size)
        backing.hold()
        try:
            rights = segment.protection
            return space.map(backing, size, rights, at=at, pad_begin=begin, pad_end=end, label=label).start
        finally:
            backing.release()

    def _backing(self, ta: VerifiedTa, segment: Segment, size: int) -> Backing:
        """Pages with the segment's content; those of another instance where they cannot be written."""
        if segment.flags & abi.PF_W:
            return self._fill(ta.elf, segment, size)
        key = (ta.digest, segment.address)
        known = self._slices.get(key)
        if known is None or not known.references:
            known = self._slices[key] = self._fill(ta.elf, segment, size)
        return known

    def _fill(self, elf: bytes, segment: Segment, size: int) -> Backing:
        backing = self._pages.allocate(size)
        content = memoryview(elf)[segment.offset : segment.offset + segment.file_size]
        inside = segment.address - segment.first_page
        ((address, _),) = backing.extents
        self._pages.memory.slice(address, size)[inside : inside + len(content)] = content
        return backing

    def _tell_headers(self, load: _Load) -> None:
        """Fill in __elf_phdr_info, by which a TA finds its own program headers (dl_iterate_phdr)."""
        where = resolve(_PHDR_INFO, load.images)
        if where is None or load.info is None:
            return
        at = load.info.start
        entries, headers = b"", b""
        after = at + DL_PHDR_INFO.size * len(load.images)
        for number, image in enumerate(load.images, 1):
            offset, count = image.plan.headers
            tls = number if image.plan.tls else 0
            place = after + len(headers)
            entries += DL_PHDR_INFO.pack(image.base, 0, place, count, len(load.images), 0, tls, 0)
            headers += image.elf[offset : offset + _PHDR_SIZE * count]
        if len(entries) + len(headers) > PAGE:
            raise TeeResult(TEE_ERROR_BAD_FORMAT, "too many program headers")
        assert load.info.view is not None
        load.info.view[: len(entries) + len(headers)] = entries + headers
        load.space.write(where, PHDR_INFO_HEAD.pack(0, len(load.images), 0, 0, at))


def _library_uuid(name: str) -> UUID:
    try:
        return UUID(name)
    except ValueError:
        raise TeeResult(TEE_ERROR_BAD_FORMAT, f"needs {name!r}, which is no UUID") from None
