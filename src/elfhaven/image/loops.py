# SPDX-License-Identifier: BSD-2-Clause
"""Where a stoppable program looks whether it shall end: a set of places that every endless run must pass.

    b, b.cond, cbz, cbnz, tbz, tbnz that lead backward or to themselves   each loop of direct branches has one
    bl that leads backward or to itself                                   each recursion of direct calls has
    br, blr and their authenticating forms                                jump tables, calls of pointers

Forward branches and calls alone end in time, and `ret` goes back to a call. A `ret` that serves as a jump
is not covered; `blr x30`, whose return address no stub can give, is refused.

Only words that are code are rewritten; a table of constants may hold words that look like branches:

    what the file's own tables, sections without instructions, $d and object symbols cover        data
    what a PC-relative load in code reads                                                         data
    functions by unwind tables or symbols, $x, entries of the PLT                                 code
    what direct flow reaches from those, from the entry point and from where they call            code
    what direct flow reaches from a pointer, if every way from there is made of instructions      code
    the rest                                                                                      refused,
                                                                          or left as it is, and told of
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property, partial

from elfhaven.abi import elf as abi
from elfhaven.errors import ImageError
from elfhaven.image import a64
from elfhaven.image.dynamic import Dynamic
from elfhaven.image.flow import Text
from elfhaven.image.frames import Frames
from elfhaven.image.liveness import free_register
from elfhaven.image.reader import Elf
from elfhaven.image.sections import MappingSymbols, Symbol, read_sections, read_symbols

_INVALID = bytes(top for top in range(256) if top >> 1 & 15 in (0, 1, 3))
_ENDS = re.compile(rb"[\x14-\x17\xd6" + b"".join(rb"\x%02x" % top for top in _INVALID) + rb"]")
_INDIRECT = re.compile(rb"\xd6")
_BLR_X30 = 0xD63F03C0
_BR_X17 = 0xD61F0220
_FUNCTION_MAX = 1 << 14  # words of a function that only a pointer tells of
_UNCLEAR = "may be a loop or data, and nothing in the file says which"
_LINK = "is `blr x30`, a call that no check can be put before"
_STRIPPED = "link it without -s and do not strip it, or leave `stoppable` out of the manifest"
_LEAVE = "leave `stoppable` out of the manifest"


@dataclass(frozen=True, slots=True)
class CheckSite:
    """A branch or call at `address`; `target` is where it leads, None for one by register.

    `free` is a register that the way from there writes before it reads it.
    """

    address: int
    word: int
    target: int | None
    free: int | None = None


def find(
    elf: Elf, texts: Iterable[Text], lenient: bool = False
) -> tuple[tuple[CheckSite, ...], tuple[int, ...]]:
    """The places in the executable segments `texts` of `elf`, and the addresses that are left; ascending.

    What may be code or data is left as it is if `lenient`: nothing known leads to it. Else ImageError names
    it, as every place that cannot have a check. Raises Tangled for no compiler's work.
    """
    facts = _Facts(elf)
    sites: list[CheckSite] = []
    left: list[int] = []
    for text in texts:
        code = _Code(facts, text)
        free = cache(partial(_free, text))
        for at in sorted(_candidates(text)):
            if code.data[at]:
                continue
            word, address = text.words[at], text.address(at)
            if not code.known[at] and lenient:
                left.append(address)
                continue
            if not code.known[at]:
                raise _refused(elf, text, at, _UNCLEAR, _STRIPPED)
            if word == _BLR_X30:
                raise _refused(elf, text, at, _LINK, _LEAVE)
            target = a64.branch_target(word, address)
            sites.append(CheckSite(address, word, target, None if target is None else free(target)))
    return tuple(sites), tuple(left)


def _free(text: Text, address: int) -> int | None:
    index = text.index(address)
    return None if index is None else free_register(text, index)


def _refused(elf: Elf, text: Text, at: int, why: str, fix: str) -> ImageError:
    return ImageError(
        f"{elf.name}: cannot be made stoppable: the word {text.words[at]:#010x} at address"
        f" {text.address(at):#x} {why}",
        fix,
    )


def _candidates(text: Text) -> Iterator[int]:
    """Indexes of the words that would get a check if they are code."""
    for at in text.branches:
        target = a64.branch_target(text.words[at], 4 * at)
        if target is not None and 0 <= target <= 4 * at:
            yield at
    for at in text.find_tops(_INDIRECT):
        if a64.through_register(text.words[at]):
            yield at


class _Facts:
    """What the file says of its code and its data."""

    def __init__(self, elf: Elf) -> None:
        self.elf = elf
        self.frames = Frames(elf)
        self.sections = read_sections(elf)
        self.symbols = list(read_symbols(elf, self.sections, abi.SHT_SYMTAB))
        self.objects = [s for s in self.symbols if s.type == abi.STT_OBJECT and self._loaded(s)]
        self.marks = MappingSymbols(self.sections, self.symbols)

    @cached_property
    def functions(self) -> list[Symbol]:
        exported = read_symbols(self.elf, self.sections, abi.SHT_DYNSYM)
        kinds = (abi.STT_FUNC, abi.STT_GNU_IFUNC)
        return [symbol for symbol in (*self.symbols, *exported) if symbol.type in kinds]

    @cached_property
    def pointers(self) -> set[int]:
        return Dynamic(self.elf).code_pointers()

    @cached_property
    def slots(self) -> frozenset[int]:
        return Dynamic(self.elf).slots

    def _loaded(self, symbol: Symbol) -> bool:
        return symbol.section < len(self.sections) and self.sections[symbol.section].allocated

    def code(self) -> Iterator[tuple[int, int]]:
        """Ranges of addresses that hold instructions."""
        yield from ((function.start, function.end) for function in self.frames.functions())
        yield from ((symbol.value, symbol.value + symbol.size) for symbol in self.functions)
        yield from self.marks.ranges("x")

    def data(self) -> Iterator[tuple[int, int]]:
        """Ranges of addresses that hold none."""
        head = self.elf.address_of(0)
        if head is not None:
            yield head, head + abi.EHDR.size
        for segment in self.elf.segments:
            if segment.type in abi.OWN_TABLES:
                yield segment.address, segment.address + segment.file_size
        for section in self.sections:
            if section.allocated and section.type != abi.SHT_NOBITS and not section.executable:
                yield section.address, section.address + section.size
        yield from ((symbol.value, symbol.value + symbol.size) for symbol in self.objects)
        yield from self.marks.ranges("d")


class _Code:
    """One byte a word: `known` is code, `data` is none."""

    def __init__(self, facts: _Facts, text: Text) -> None:
        self._text = text
        self._ends = [at for at in text.find_tops(_ENDS) if not a64.falls_through(text.words[at])]
        self.known = bytearray(len(text.words))
        self.data = bytearray(len(text.words))
        for start, end in facts.data():
            self._mark(self.data, start, end)
        for start, end in facts.code():
            self._follow(self._targets(self._take(start, end)))
        starts = (facts.elf.entry, *facts.frames.starts(), *(symbol.value for symbol in facts.functions))
        self._follow(at for at in map(text.index, starts) if at is not None)
        self._follow(text.switches)
        self._follow(self._stubs(facts.slots))
        for pointer in sorted(facts.pointers | text.made_addresses):
            self._try(text.index(pointer))
        self._drop_literals()

    def _stubs(self, slots: frozenset[int]) -> Iterator[int]:
        """Entries of the PLT: ADRP of x16, LDR of x17 from a slot, ADD, BR x17."""
        words = self._text.words
        for at in self._text.find_tops(_INDIRECT) if slots else ():
            page = a64.page_address(words[at - 3], self._text.address(at - 3)) if at > 2 else None
            load = words[at - 2]
            if page is None or words[at] != _BR_X17 or load & 0xFFC003FF != 0xF9400211:
                continue
            if page + (load >> 10 & 0xFFF) * 8 in slots:
                yield at - 3

    def _mark(self, flags: bytearray, start: int, end: int) -> tuple[int, int]:
        """Sets the flags of the words of a range of addresses; the range by index."""
        low = min(max(start - self._text.base, 0) >> 2, len(flags))
        high = max(low, min(max(end - self._text.base, 0) >> 2, len(flags)))
        flags[low:high] = b"\1" * (high - low)
        return low, high

    def _take(self, start: int, end: int) -> tuple[int, int]:
        """Marks a range as code, but for what is data."""
        low, high = self._mark(self.known, start, end)
        at = self.data.find(1, low, high)
        while at >= 0:
            self.known[at] = 0
            at = self.data.find(1, at + 1, high)
        return low, high

    def _targets(self, span: tuple[int, int]) -> Iterator[int]:
        """Where the direct branches and calls among the known words of a range lead."""
        text = self._text
        self._text.spend(1 + (span[1] - span[0]) // 16)
        first, last = (bisect_left(text.branches, index) for index in span)
        for at in text.branches[first:last]:
            target = a64.branch_target(text.words[at], 4 * at)
            if self.known[at] and target is not None:
                yield target >> 2

    def _run(self, at: int) -> tuple[int, int]:
        """The straight run from a word on, up to what is known, is data, or does not fall through."""
        place = bisect_left(self._ends, at)
        end = len(self.known)
        if place < len(self._ends):
            end = self._ends[place]
            end += a64.valid(self._text.words[end])
        for flags in (self.known, self.data):
            found = flags.find(1, at, end)
            end = found if found >= 0 else end
        return at, end

    def _follow(self, starts: Iterable[int]) -> None:
        """Marks what direct flow reaches from `starts`."""
        todo = list(starts)
        while todo:
            at = todo.pop()
            if not 0 <= at < len(self.known):
                continue
            low, high = self._run(at)
            if low < high:
                self.known[low:high] = b"\1" * (high - low)
                todo += self._targets((low, high))

    def _try(self, start: int | None) -> None:
        """Marks what direct flow reaches from a pointer if all of it can be code."""
        if start is None or self.known[start] or self.data[start]:
            return
        words, seen, todo = self._text.words, set[int](), [start]
        while todo:
            at = todo.pop()
            if not 0 <= at < len(self.known) or self.data[at] or len(seen) > _FUNCTION_MAX:
                return
            while at < len(words) and at not in seen and not self.known[at]:
                if self.data[at] or not a64.valid(words[at]):
                    return
                seen.add(at)
                target = a64.branch_target(words[at], 4 * at)
                todo += [] if target is None else [target >> 2]
                if not a64.falls_through(words[at]):
                    break
                at += 1
        self._text.spend(len(seen))
        for at in seen:
            self.known[at] = 1

    def _drop_literals(self) -> None:
        for word, loads in self._text.loaders.items():
            if 0 <= word < len(self.known) and any(self.known[at] for at in loads):
                self.data[word] = 1
