# SPDX-License-Identifier: BSD-2-Clause
"""Is a word of an executable segment an instruction or data?

The packer rewrites words that look like `svc #0` or like an instruction that kills a TA. Rewriting data would
corrupt the program without a word; leaving a system call would hand a Linux number to OP-TEE's core. So each
candidate gets a verdict from evidence, and one without a verdict refuses the pack. Loaded bytes are believed
before symbol and section tables, which a program does not need and which anything may have edited.

    reached   direct flow, or the jump table of a switch, comes here from a function's start (unwind tables,
              symbols) or the entry point
    pointed   direct flow comes here from an address that a relocation makes, or (where no unwind table tells
              of a function) ADRP and ADD or ADR; data may have such an address too
    x8 set    the call number is written within 64 instructions on a way here, with no call or trap on it
    loaded    a PC-relative load in reached code reads this word
    closed    the unwind tables give the function, it has no indirect jump and no landing pads: every way in
              is visible

    row  for svc #0                                                                        verdict
     1   in the file's own headers, notes, unwind tables                                   data
     2   reached, x8 set, not loaded                                                       code
     3   loaded, x8 not set                                                                data
     4   neither reached nor pointed, closed                                               data
     5   neither, open, x8 set, the words after it lead to code that is                    code
     6   a section that holds no instructions                                              data
     7   mapping symbol $d, or an object symbol over it                                    data
     8   mapping symbol $x                                                                 code
     9   pointed, x8 set, not loaded                                                       code
    10   not reached, x8 not set, and no indirect jump of the segment has x8 set           data
    11   anything else                                                                     refused

An instruction that kills (scan.py) does not need x8: for it "x8 set" reads "the word before it is no call or
trap, and the straight run up to it is long, or begins with a function or where a branch leads". Right after a
call, which may not return, the tables of rows 6 to 8 are asked first; where they are silent, row 9 holds for
what is reached or pointed to and not loaded. The jumps of row 10 do not matter.

By row 9 a table of a stripped file that holds a whole system call function, and to which a relocation points,
is taken for that function: so are functions without unwind tables found, as C libraries have.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cached_property, partial

from elfhaven.abi import elf as abi
from elfhaven.image import a64
from elfhaven.image.dynamic import Dynamic
from elfhaven.image.flow import LOOKBACK, Backward, Text
from elfhaven.image.frames import Frames, Function
from elfhaven.image.reader import Elf
from elfhaven.image.sections import (
    MappingSymbols,
    Section,
    Symbol,
    by_address,
    covering,
    read_sections,
    read_symbols,
    section_at,
)


class Verdict(Enum):
    CODE = "code"
    DATA = "data"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Evidence:
    reached: bool
    pointed: bool
    entered: bool  # "x8 set" of the table, or what stands for it
    loaded: bool
    closed: bool


class Classifier:
    """Verdicts on words of one ELF."""

    def __init__(self, elf: Elf) -> None:
        self.elf = elf
        self._frames = Frames(elf)
        self._flows: dict[tuple[int, int], frozenset[int]] = {}
        self._jumps: dict[int, bool] = {}  # function start -> it has an indirect jump
        self._searches: dict[tuple[int, str], Backward] = {}

    def verdict(self, text: Text, index: int) -> Verdict:
        """The verdict on words[index] of `text`, which is `svc #0` or an instruction that kills a TA."""
        text.spend(LOOKBACK)
        address = text.address(index)
        if self._in_own_tables(address):
            return Verdict.DATA
        evidence = self._evidence(text, index)
        by_flow = self._by_flow(text, index, evidence)
        if by_flow is not Verdict.UNKNOWN:
            return by_flow
        by_tables = self._by_tables(address)
        if by_tables is not Verdict.UNKNOWN:
            return by_tables
        return self._by_pointers(text, index, evidence)

    def _by_flow(self, text: Text, index: int, seen: Evidence) -> Verdict:
        """Rows 2 to 5."""
        if seen.reached and seen.entered and not seen.loaded:
            return Verdict.CODE
        if seen.loaded and not seen.entered:
            return Verdict.DATA
        if seen.reached or seen.pointed:
            return Verdict.UNKNOWN
        if seen.closed:
            return Verdict.DATA
        leads_on = seen.entered and not seen.loaded and text.leads_on(index, partial(self._connected, text))
        return Verdict.CODE if leads_on else Verdict.UNKNOWN

    def _by_tables(self, address: int) -> Verdict:
        """Rows 6 to 8."""
        section = section_at(self._sections, address)
        if section is not None and not section.executable:
            return Verdict.DATA
        mark = self._mapping.at(address)
        if mark == "d" or covering(self._objects, address):
            return Verdict.DATA
        return Verdict.CODE if mark == "x" else Verdict.UNKNOWN

    def _by_pointers(self, text: Text, index: int, seen: Evidence) -> Verdict:
        """Rows 9 and 10."""
        is_call = text.words[index] == a64.SVC_0
        if not seen.loaded and (
            (seen.pointed and seen.entered) or (not is_call and (seen.reached or seen.pointed))
        ):
            return Verdict.CODE
        if seen.reached or seen.entered:
            return Verdict.UNKNOWN
        return Verdict.UNKNOWN if is_call and text.jumps_with_x8 else Verdict.DATA

    def _evidence(self, text: Text, index: int) -> Evidence:
        function = self._frames.at(text.address(index))
        reached = self._reached(text, index)
        return Evidence(
            reached=reached,
            pointed=not reached and self._pointed(text, index),
            entered=text.sets_x8(index) if text.words[index] == a64.SVC_0 else self._entered(text, index),
            loaded=any(self._reached(text, at) for at in text.loaders.get(index, ())),
            closed=function is not None and self._closed(text, function),
        )

    def _entered(self, text: Text, index: int) -> bool:
        if self._begins(text, index):
            return True
        before = text.words[index - 1] if index else 0
        if a64.may_not_return(before):
            return False
        start = text.run_start(index)
        return index - start >= LOOKBACK or any(self._begins(text, at) for at in range(start, index))

    def _begins(self, text: Text, index: int) -> bool:
        """Whether something other than the word before leads to words[index]."""
        address = text.address(index)
        known = address in self._starts or address in self._pointers
        return known or index in text.sources or index in text.switches

    def _reached(self, text: Text, index: int) -> bool:
        address = text.address(index)
        for start, end in self._ranges(address):
            first = text.index(start)
            if first is not None and index in self._flow(text, first, first + (end - start) // 4):
                return True
        return self._search(text, "starts").meets(index)

    def _pointed(self, text: Text, index: int) -> bool:
        return self._search(text, "pointers").meets(index)

    def _connected(self, text: Text, index: int) -> bool:
        return self._reached(text, index) or self._pointed(text, index)

    def _search(self, text: Text, kind: str) -> Backward:
        key = (text.base, kind)
        if key not in self._searches:
            starts = self._starts if kind == "starts" else self._pointers | self._made(text)
            self._searches[key] = Backward(text, starts.__contains__)
        return self._searches[key]

    def _made(self, text: Text) -> frozenset[int]:
        """Addresses in `text` that it makes itself, other than those of functions with unwind tables."""
        places = (at for at in text.made_addresses if text.index(at) is not None)
        return frozenset(at for at in places if self._frames.at(at) is None)

    def _ranges(self, address: int) -> list[tuple[int, int]]:
        """Functions that may hold `address`, by unwind tables and by symbols."""
        function = self._frames.at(address)
        found = [] if function is None else [(function.start, function.end)]
        return found + [(s.value, s.value + s.size) for s in covering(self._functions, address)]

    def _flow(self, text: Text, first: int, end: int) -> frozenset[int]:
        key = (text.address(first), end)
        if key not in self._flows:
            self._flows[key] = text.forward(first, end)
        return self._flows[key]

    def _closed(self, text: Text, function: Function) -> bool:
        first = text.index(function.start)
        if first is None or function.landing_pads:
            return False
        if function.start not in self._jumps:
            words = text.words[first : first + (function.end - function.start) // 4]
            self._jumps[function.start] = any(map(a64.is_indirect_jump, words))
        return not self._jumps[function.start]

    def _in_own_tables(self, address: int) -> bool:
        offset = self.elf.offset_of(address)
        if offset is None:
            return True
        table_end = self.elf.phoff + len(self.elf.segments) * abi.PHDR.size
        if offset < abi.EHDR.size or self.elf.phoff <= offset < table_end:
            return True
        tables = (s for s in self.elf.segments if s.type in abi.OWN_TABLES)
        return any(s.offset <= offset < s.offset + s.file_size for s in tables)

    @cached_property
    def _sections(self) -> tuple[Section, ...]:
        return read_sections(self.elf)

    @cached_property
    def _symbols(self) -> list[Symbol]:
        return list(read_symbols(self.elf, self._sections, abi.SHT_SYMTAB))

    @cached_property
    def _mapping(self) -> MappingSymbols:
        return MappingSymbols(self._sections, self._symbols)

    @cached_property
    def _functions(self) -> list[Symbol]:
        exported = read_symbols(self.elf, self._sections, abi.SHT_DYNSYM)
        kinds = (abi.STT_FUNC, abi.STT_GNU_IFUNC)
        return by_address(s for s in (*self._symbols, *exported) if s.type in kinds)

    @cached_property
    def _objects(self) -> list[Symbol]:
        return by_address(s for s in self._symbols if s.type == abi.STT_OBJECT)

    @cached_property
    def _starts(self) -> frozenset[int]:
        """Addresses at which a function starts."""
        return frozenset((self.elf.entry, *self._frames.starts(), *(s.value for s in self._functions)))

    @cached_property
    def _pointers(self) -> frozenset[int]:
        return frozenset(Dynamic(self.elf).code_pointers())
