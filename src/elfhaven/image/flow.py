# SPDX-License-Identifier: BSD-2-Clause
"""How control gets to a word of an executable segment, as far as direct branches and known pointers tell.

Two searches, each made only for the words that are asked about:

    forward   from the start of the function that the unwind tables or a symbol give, within that function
    backward  from the word, over the branches of the whole segment, to a place where execution starts: an
              entry point, a function's start, an address that a relocation or ADRP/ADD/ADR makes
"""

from __future__ import annotations

import re
import sys
from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property

from elfhaven.image import a64

LOOKBACK = 64  # instructions in which a write to x8 is looked for
_MAX_FUNCTION = 1 << 16  # words
_MAX_STEPS = 1 << 22  # words visited in all; a C library takes half a percent of it

BRANCHES = re.compile(rb"[\x14-\x17\x94-\x97\x54\x34-\x37\xb4-\xb7]")
_LITERALS = re.compile(rb"[\x18\x1c\x58\x5c\x98\x9c]")
_ADDRESSES = re.compile(rb"[\x10\x30\x50\x70\x90\xb0\xd0\xf0]")
_JUMPS = re.compile(rb"\xd6")


class Tangled(Exception):
    """A segment whose branches lead anywhere and nowhere: no compiler's work."""


@dataclass
class Text:
    """The file bytes of one executable segment as words; `base` is the address of words[0]."""

    base: int
    data: bytes
    words: array[int] = field(init=False)
    switches: dict[int, list[int]] = field(default_factory=dict)  # as `sources`, by jump tables (switches.py)
    steps: int = 0  # words visited by all searches so far

    def __post_init__(self) -> None:
        self.words = array("I", self.data[: len(self.data) & ~3])
        if sys.byteorder == "big":
            self.words.byteswap()

    @cached_property
    def _tops(self) -> bytes:
        return self.data[3::4]

    def find_tops(self, pattern: re.Pattern[bytes]) -> list[int]:
        """Indexes of the words whose most significant byte matches."""
        return [match.start() for match in pattern.finditer(self._tops)]

    def address(self, index: int) -> int:
        return self.base + 4 * index

    def index(self, address: int) -> int | None:
        """Index of the word at an address; None outside, or within a word."""
        index, within = divmod(address - self.base, 4)
        return None if within or not 0 <= index < len(self.words) else index

    @cached_property
    def branches(self) -> list[int]:
        """Indexes of the words that, read as instructions, branch or call directly; ascending."""
        return self.find_tops(BRANCHES)

    @cached_property
    def sources(self) -> dict[int, list[int]]:
        """Index of a word -> indexes of the direct branches and calls that lead to it."""
        found: dict[int, list[int]] = {}
        for at in self.branches:
            target = a64.branch_target(self.words[at], 4 * at)
            if target is not None:
                found.setdefault(target >> 2, []).append(at)
        return found

    @cached_property
    def loaders(self) -> dict[int, list[int]]:
        """Index of a word -> indexes of the words that, read as PC-relative loads, load it."""
        found: dict[int, list[int]] = {}
        for at in self.find_tops(_LITERALS):
            place = a64.literal(self.words[at], 4 * at)
            if place is not None:
                for word in range(place[0] >> 2, (place[0] + place[1]) >> 2):
                    found.setdefault(word, []).append(at)
        return found

    @cached_property
    def made_addresses(self) -> frozenset[int]:
        """Addresses that ADR, or ADRP and an ADD within eight words, compute."""
        found: set[int] = set()
        for at in self.find_tops(_ADDRESSES):
            value = a64.page_address(self.words[at], self.address(at))
            if value is None:
                continue
            if not self.words[at] >> 31:
                found.add(value)
                continue
            for word in self.words[at + 1 : at + 9]:
                parts = a64.add_immediate(word)
                if parts and parts[1] == self.words[at] & 31:
                    found.add(value + parts[2])
        return frozenset(found)

    @cached_property
    def jumps_with_x8(self) -> bool:
        """Whether an indirect jump runs with a constant in x8, so that what it jumps to need not set it."""
        jumps = (at for at in self.find_tops(_JUMPS) if a64.is_indirect_jump(self.words[at]))
        return any(self.constant_before(at) is not None for at in jumps)

    def spend(self, steps: int) -> None:
        """Counts words visited; Tangled beyond what any program takes, so that no file can hang a search."""
        self.steps += steps
        if self.steps > _MAX_STEPS:
            raise Tangled

    def run_start(self, index: int) -> int:
        """First word of the straight run that falls through to `index`, LOOKBACK words back at most."""
        at = index
        while at > 0 and index - at < LOOKBACK and a64.falls_through(self.words[at - 1]):
            at -= 1
        return at

    def constant_before(self, index: int) -> int | None:
        """The constant in x8 at `index`, set in the straight run before it."""
        for at in range(index - 1, self.run_start(index) - 1, -1):
            if a64.may_not_return(self.words[at]):
                return None
            if a64.writes_x8(self.words[at]):
                return a64.constant_in_x8(self.words[at])
        return None

    def sets_x8(self, index: int) -> bool:
        """Whether a way of at most LOOKBACK words to `index` writes x8, with no call or trap after that."""
        return self._x8_in_run(index) or self._x8_on_branches(index)

    def _x8_in_run(self, index: int) -> bool:
        for at in range(index - 1, self.run_start(index) - 1, -1):
            if a64.may_not_return(self.words[at]):
                return False
            if a64.writes_x8(self.words[at]):
                return True
        return False

    def _x8_on_branches(self, index: int) -> bool:
        steps = {index}
        seen = set(steps)
        for _ in range(LOOKBACK):
            before = {at for step in steps for at in self.predecessors(step) if at not in seen}
            before = {at for at in before if not a64.may_not_return(self.words[at])}
            if any(a64.writes_x8(self.words[at]) for at in before):
                return True
            self.spend(len(before))
            seen |= before
            steps = before
        return False

    def predecessors(self, index: int) -> Iterable[int]:
        if index > 0 and a64.falls_through(self.words[index - 1]):
            yield index - 1
        yield from self.sources.get(index, ())
        yield from self.switches.get(index, ())

    def forward(self, start: int, end: int) -> frozenset[int]:
        """Indexes that direct flow from word `start` reaches within [start, end)."""
        end = min(end, start + _MAX_FUNCTION, len(self.words))
        seen: set[int] = set()
        todo = [start]
        while todo:
            at = todo.pop()
            while start <= at < end and at not in seen:
                seen.add(at)
                word = self.words[at]
                target = a64.branch_target(word, 4 * at)
                if target is not None and not a64.is_call(word):
                    todo.append(target >> 2)
                if not a64.falls_through(word):
                    break
                at += 1
        self.spend(len(seen))
        return frozenset(seen)

    def leads_on(self, index: int, is_reached: Callable[[int], bool]) -> bool:
        """Whether the straight run after `index`, or a branch in it, comes to a word that `is_reached`."""
        for at in range(index + 1, min(index + 1 + LOOKBACK, len(self.words))):
            if is_reached(at):
                return True
            target = a64.branch_target(self.words[at], 4 * at)
            if target is not None and not a64.is_call(self.words[at]) and is_reached(target >> 2):
                return True
            if not a64.falls_through(self.words[at]):
                return False
        return False


@dataclass
class Backward:
    """Backward searches in `text` for a word whose address `is_start`; what one finds, the next ones know."""

    text: Text
    is_start: Callable[[int], bool]
    _met: set[int] = field(default_factory=set)
    _dead: set[int] = field(default_factory=set)

    def meets(self, index: int) -> bool:
        """Whether control can come from a start to words[index]."""
        todo, came_from = [index], {index: index}
        while todo:
            at = todo.pop()
            self.text.spend(1)
            if at in self._met or self.is_start(self.text.address(at)):
                self._remember(at, index, came_from)
                return True
            for before in self.text.predecessors(at):
                if before not in came_from and before not in self._dead:
                    came_from[before] = at
                    todo.append(before)
        self._dead.update(came_from)
        return False

    def _remember(self, at: int, index: int, came_from: dict[int, int]) -> None:
        self._met.add(index)
        while at != index:
            self._met.add(at)
            at = came_from[at]
