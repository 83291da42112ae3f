# SPDX-License-Identifier: BSD-2-Clause
"""Mapping a TA: what ldelf does on OP-TEE, done by the core itself.

A TA is a main image and the libraries that it needs, each named by a UUID and fetched like a TA; more of
them may come later (dlopen). Instances of one file share its read-only pages.

The TA can read and execute one page of the loader's: the function that TLS descriptors call, and what
dl_iterate_phdr finds by the TA's symbol __elf_phdr_info.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from elfhaven.abi import elf as abi
from elfhaven.abi.gp import (
    TEE_ERROR_ACCESS_CONFLICT,
    TEE_ERROR_GENERIC,
    TEE_ERROR_ITEM_NOT_FOUND,
    TEE_ERROR_OUT_OF_MEMORY,
)
from elfhaven.abi.utee import DL_PHDR_INFO, PHDR_INFO_HEAD
from elfhaven.machine.address_space import AddressSpace, GuestFault, Kind, Mapping, NoRoom
from elfhaven.machine.memory import PAGE
from elfhaven.machine.pages import Backing, OutOfPages, PagePool
from elfhaven.machine.pagetable import OutOfTables, Protection
from elfhaven.secure.relocate import Dynamic, Image, relocate, resolve
from elfhaven.secure.result import TeeResult
from elfhaven.secure.store import VerifiedTa
from elfhaven.secure.ta_elf import Plan, Segment, check, ta_head

ASLR_PAGES = 128  # CFG_TA_ASLR_MAX_OFFSET_PAGES
CORE_SIZE = 4 * PAGE  # of the core's own at the start of every address space
LDELF_SIZE = 16 * PAGE  # what the loader itself holds of each TA's memory, and a page of headers
MAX_IMAGES = 16
CORE_LABEL = "(core)"
_RW = Protection.READ | Protection.WRITE
_RX = Protection.READ | Protection.EXECUTE
_PHDR_INFO = "__elf_phdr_info"
_NO_NAME = 7  # offset of an empty string in PHDR_INFO_HEAD
_PHDR_SIZE = 56
_TCB_HEAD = 16  # bytes at the thread pointer, before the thread-local data of the first image
_RESOLVER = bytes.fromhex("000440f9c0035fd6")  # ldr x0, [x0, #8]; ret
Fetch = Callable[[UUID], VerifiedTa]


@dataclass(slots=True)
class Loaded:
    """A TA in its address space: what has been loaded, the main image first. `info` is the loader's page that
    the TA can read; `tls_end` is where thread-local data of the next image begin."""

    space: AddressSpace
    info: Mapping
    entry: int = 0
    stack_top: int = 0
    flags: int = 0
    tls_end: int = _TCB_HEAD
    linked: list[Image] = field(default_factory=list)

    @property
    def images(self) -> tuple[tuple[UUID, int], ...]:
        """(UUID, load address) of each image."""
        return tuple((image.uuid, image.base + image.plan.start) for image in self.linked)

    @property
    def resolver(self) -> int:
        """The address of the function in TLS descriptors."""
        return self.info.end - len(_RESOLVER)


class Loader:
    """Maps verified TAs into fresh address spaces."""

    def __init__(self, pages: PagePool, random: Callable[[int], bytes], *, fixed: bool = False) -> None:
        """With `fixed` it takes TAs that are linked for fixed addresses too."""
        self._pages = pages
        self._fixed = fixed
        self._random = random
        self._slices: dict[tuple[bytes, int], Backing] = {}  # (file, address): pages in use

    def load(self, ta: VerifiedTa, space: AddressSpace, fetch: Fetch) -> Loaded:
        """Map a TA and what it needs; `fetch` gives a library. On a TeeResult the caller closes the space."""
        self._slices = {key: pages for key, pages in self._slices.items() if pages.references}
        with _explained():
            return self._load(ta, space, fetch)

    def add(self, loaded: Loaded, uuid: UUID, fetch: Fetch) -> None:
        """Map one more library, if it is not there, and what it needs. On a TeeResult nothing has changed."""
        if any(image.uuid == uuid for image in loaded.linked):
            return
        count, tls_end = len(loaded.linked), loaded.tls_end
        try:
            with _explained():
                self._image(fetch(uuid), loaded)
                self._link(loaded, fetch, count)
        except TeeResult:
            for image in loaded.linked[count:]:
                _unmap(image, loaded.space)
            del loaded.linked[count:]
            loaded.tls_end = tls_end
            raise

    def _load(self, ta: VerifiedTa, space: AddressSpace, fetch: Fetch) -> Loaded:
        loaded = self._map_loader(space)
        main = self._image(ta, loaded)
        symbol = main.dynamic.symbols.get("ta_head")
        head = ta_head(ta.elf, main.plan, None if symbol is None else symbol.value)
        self._link(loaded, fetch, 0)
        stack_size = (head.stack_size + PAGE - 1) // PAGE * PAGE or PAGE
        stack = space.map(self._pages.allocate(stack_size), stack_size, _RW, label="(stack)")
        loaded.entry, loaded.stack_top, loaded.flags = main.base + head.entry, stack.end, head.flags
        return loaded

    def _link(self, loaded: Loaded, fetch: Fetch, first: int) -> None:
        """Fetch what the images from `first` on need, relocate them, and tell the TA of all."""
        self._libraries(loaded, fetch, first)
        for image in loaded.linked[first:]:
            relocate(image, loaded.linked, loaded.space, loaded.resolver)
        _tell_headers(loaded)

    def _map_loader(self, space: AddressSpace) -> Loaded:
        """What lies below every TA: pages of the core and of the loader, which the TA may not touch, and
        the page that it may."""
        none, core = Protection.NONE, Backing(((0, CORE_SIZE),))
        space.map(core, CORE_SIZE, none, kind=Kind.PERMANENT, label=CORE_LABEL)
        space.map(self._pages.allocate(LDELF_SIZE), LDELF_SIZE, none, label="(ldelf)")
        loaded = Loaded(space, space.map(self._pages.allocate(PAGE), PAGE, _RX))
        assert loaded.info.view is not None
        loaded.info.view[PAGE - len(_RESOLVER) :] = _RESOLVER
        return loaded

    def _libraries(self, loaded: Loaded, fetch: Fetch, first: int) -> None:
        """Breadth first, each library once."""
        at = first
        while at < len(loaded.linked):
            for name in loaded.linked[at].dynamic.needed:
                uuid = _library_uuid(name)
                if any(known.uuid == uuid for known in loaded.linked):
                    continue
                if len(loaded.linked) == MAX_IMAGES:
                    raise TeeResult(TEE_ERROR_OUT_OF_MEMORY, f"more than {MAX_IMAGES} images")
                self._image(fetch(uuid), loaded)
            at += 1

    def _image(self, ta: VerifiedTa, load: Loaded) -> Image:
        plan = check(ta.elf, fixed=self._fixed and not load.linked)
        first = plan.segments[0]
        if not load.linked and first.offset < PAGE:
            raise TeeResult(TEE_ERROR_GENERIC, "the headers are in the first segment")  # a library's must
        if load.linked and first.offset >= PAGE:
            raise TeeResult(TEE_ERROR_ACCESS_CONFLICT, "a library whose headers are not in its first segment")
        label = f"[{len(load.linked)}]"
        rest = plan.span - (first.pages_end - first.first_page)
        if plan.fixed:
            start = self._map(ta, first, load.space, label, at=first.first_page)
        else:
            start = self._anywhere(ta, first, load.space, label, rest)
        base = start - first.first_page
        for segment in plan.segments[1:]:
            self._map(ta, segment, load.space, label, at=base + segment.first_page)
        image = Image(ta.uuid, base, ta.elf, plan, Dynamic.parse(ta.elf, plan), self._tls_offset(plan, load))
        load.linked.append(image)
        return image

    def _anywhere(self, ta: VerifiedTa, first: Segment, space: AddressSpace, label: str, rest: int) -> int:
        try:
            return self._map(ta, first, space, label, begin=self._offset(), end=rest)
        except NoRoom:
            return self._map(ta, first, space, label, end=rest)

    def _tls_offset(self, plan: Plan, load: Loaded) -> int:
        if plan.tls is None or not plan.tls[0]:
            return 0
        offset = load.tls_end
        load.tls_end += plan.tls[1]
        return offset

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


@contextmanager
def _explained() -> Iterator[None]:
    """Results for memory that is used up."""
    try:
        yield
    except (OutOfPages, OutOfTables):
        raise TeeResult(TEE_ERROR_OUT_OF_MEMORY) from None
    except NoRoom:
        raise TeeResult(TEE_ERROR_ACCESS_CONFLICT) from None


def _unmap(image: Image, space: AddressSpace) -> None:
    for segment in image.plan.segments:
        space.unmap(image.base + segment.first_page, segment.pages_end - segment.first_page)


def measured(loaded: Loaded) -> list[bytes]:
    """What lies in memory of a TA's images and cannot be written, in the pieces in which ldelf maps it: the
    first page of the main file, which holds its headers, and of a library that has its headers in a segment,
    is a piece of its own."""
    out = [loaded.linked[0].elf[:PAGE].ljust(PAGE, b"\0")]
    for number, image in enumerate(loaded.linked):
        for segment in image.plan.segments:
            if segment.flags & abi.PF_W:
                continue
            start, size = image.base + segment.first_page, segment.pages_end - segment.first_page
            data = loaded.space.read(start, size)
            first = PAGE if number and segment.offset < PAGE and size > PAGE else 0
            out += [data[:first], data[first:]] if first else [data]
    return out


def _tell_headers(loaded: Loaded) -> None:
    """Fill in __elf_phdr_info: for each image its address, name and program headers, as dl_iterate_phdr gives
    them. Headers that lie in no segment are copied."""
    where = resolve(_PHDR_INFO, loaded.linked)
    if where is None:
        return
    count = len(loaded.linked)
    entries, headers = b"", b""
    for image in loaded.linked:
        offset, number = image.plan.headers
        name = image.base + image.dynamic.soname if image.dynamic.soname else where + _NO_NAME
        place = _in_memory(image, offset, _PHDR_SIZE * number)
        if place is None:
            place = loaded.info.start + DL_PHDR_INFO.size * count + len(headers)
            headers += image.elf[offset : offset + _PHDR_SIZE * number]
        tls = image.plan.tls[0] if image.plan.tls else 0
        entries += DL_PHDR_INFO.pack(image.base, name, place, number, 1, 0, 0, tls)
    if len(entries) + len(headers) > PAGE - len(_RESOLVER):
        raise TeeResult(TEE_ERROR_OUT_OF_MEMORY, "too many program headers")
    assert loaded.info.view is not None
    loaded.info.view[: len(entries) + len(headers)] = entries + headers
    try:
        loaded.space.write(where, PHDR_INFO_HEAD.pack(0, count, 0, 0, loaded.info.start))
    except GuestFault:
        raise TeeResult(TEE_ERROR_GENERIC, f"{_PHDR_INFO} is not writable") from None


def _in_memory(image: Image, offset: int, size: int) -> int | None:
    """Where a part of the file is loaded."""
    for segment in image.plan.segments:
        if segment.offset <= offset and offset + size <= segment.offset + segment.file_size:
            return image.base + segment.address + offset - segment.offset
    return None


def _library_uuid(name: str) -> UUID:
    try:
        return UUID(name)
    except ValueError:
        raise TeeResult(TEE_ERROR_ITEM_NOT_FOUND, f"needs {name!r}, which is no UUID") from None
