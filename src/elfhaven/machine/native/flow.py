# SPDX-License-Identifier: BSD-2-Clause
"""Finds what is compiled together: the function of a hot instruction, with the small ones that it calls."""

from __future__ import annotations

import re
import struct
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property

from elfhaven.machine.native.decode import Flow, Instruction, signed

Fetch = Callable[[int], Instruction | None]
Warm = Callable[[int], bool]  # whether the interpreter met a block often enough to have it compiled
LARGEST = 1500  # instructions of a function, or of the part of it that is compiled
_READ = 12000  # that are looked at
_LEAF = 48  # of one that is compiled with its caller
_WORD, _PAGE = 4, 4096
_CALL, _OFFSET_WIDTH = re.compile(rb"[\x94-\x97]"), 26  # the last byte of BL
_OFFSET = (1 << _OFFSET_WIDTH) - 1


@dataclass(frozen=True)
class Region:
    """Instructions by address, and where the region may be entered; `head` is one of these places."""

    head: int
    code: dict[int, Instruction]
    hot: int = -1  # an entry too
    jumped: frozenset[int] = frozenset()  # where its branches by register lead to, as far as it is known

    @cached_property
    def base(self) -> int:
        """The page of its first instruction: what its addresses are relative to when it is compiled."""
        return min(self.code) & -_PAGE

    def rebased(self) -> Region:
        """The same as if it lay in the first pages."""
        code = {
            at - self.base: Instruction(at - self.base, one.word, one.row, one.fields)
            for at, one in self.code.items()
        }
        jumped = frozenset(at - self.base for at in self.jumped)
        return Region(self.head - self.base, code, self.hot - self.base, jumped)

    @cached_property
    def floats(self) -> bool:
        return any(instruction.row.floats for instruction in self.code.values())

    @cached_property
    def returns(self) -> tuple[int, ...]:
        """Where its calls come back to."""
        behind = (at + _WORD for at, instruction in self.code.items() if instruction.comes_back)
        return tuple(sorted(at for at in behind if at in self.code))

    @cached_property
    def entries(self) -> tuple[int, ...]:
        """The head, the hot place, what calls come back to, and the heads of loops."""
        loops = (
            target
            for at, instruction in self.code.items()
            if (target := instruction.target) is not None and target <= at and target in self.code
        )
        return tuple(sorted({self.head, *self.returns, *loops, *self.jumped} | {self.hot} & set(self.code)))

    def targets(self, instruction: Instruction) -> tuple[int, ...]:
        """Where in the region an indirect branch may lead, as far as it is known."""
        if instruction.row.name == "br":
            return tuple(sorted(self.jumped))
        return self._returned_to.get(instruction.address, ())

    @cached_property
    def _returned_to(self) -> dict[int, tuple[int, ...]]:
        """By return, the places behind the calls in the region of the function that it ends."""
        called: dict[int, set[int]] = {}
        for at, one in self.code.items():
            if one.row.flow is Flow.CALL and one.target in self.code and at + _WORD in self.code:
                assert one.target is not None
                called.setdefault(one.target, set()).add(at + _WORD)
        edges = {at: _following(one) for at, one in self.code.items()}
        out: dict[int, set[int]] = {}
        for function, places in called.items():
            for at in _reach(edges, function, frozenset()):
                if self.code[at].row.name == "ret":
                    out.setdefault(at, set()).update(places)
        return {at: tuple(sorted(places)) for at, places in out.items()}

    @cached_property
    def spans(self) -> tuple[tuple[int, bytes], ...]:
        """What must stand in memory for the region to hold: address and bytes."""
        return tuple(_spans(self.code))


def _spans(code: dict[int, Instruction]) -> Iterator[tuple[int, bytes]]:
    start, held = -1, bytearray()
    for at in sorted(code):
        if at != start + len(held):
            if held:
                yield start, bytes(held)
            start, held = at, bytearray()
        held += code[at].word.to_bytes(_WORD, "little")
    yield start, bytes(held)


def function_starts(start: int, code: bytes) -> list[int]:
    """Targets of the calls in a text that lies at `start`, in order."""
    targets = set()
    for found in _CALL.finditer(code[_WORD - 1 :: _WORD]):
        at = _WORD * found.start()
        (word,) = struct.unpack_from("<I", code, at)
        targets.add(start + at + _WORD * signed(word & _OFFSET, _OFFSET_WIDTH))
    return sorted(at for at in targets if start <= at < start + len(code))


def find_region(
    fetch: Fetch, hot: int, starts: Sequence[int] = (), warm: Warm | None = None
) -> Region | None:
    """The function around `hot`, or what follows `hot` where that is all that is known of it. None where its
    instruction is not covered. With `warm`, what is not is left out, and where the function jumps by
    register, blocks of it that are and are not reached otherwise are taken for places where it jumps to."""
    at = bisect_right(starts, hot)
    end = starts[at] if at < len(starts) else hot + _WORD * _READ
    for head in (*starts[at - 1 : at], hot) if at else (hot,):
        code = _function(fetch, head, set(starts), _READ, warm)
        jumped = _jumped(fetch, code, range(head, end, _WORD), set(starts), warm)
        if hot in code:
            if len(code) > LARGEST:
                code, head = _part(fetch, code, hot, jumped), hot
            jumped &= set(code)
            _add_leaves(fetch, code, set(starts))
            return Region(head, code, hot, frozenset(jumped))
    return None


def _jumped(
    fetch: Fetch, code: dict[int, Instruction], extent: range, starts: Set[int], warm: Warm | None
) -> set[int]:
    """Add to a function's code what is reached by its jumps by register; gives where they lead to."""
    out: set[int] = set()
    if warm is None or not any(one.row.name == "br" for one in code.values()):
        return out
    for at in extent:
        if at not in code and len(code) < _READ and warm(at):
            found = _function(fetch, at, starts, _READ, warm)
            if found:
                out.add(at)
                code.update(found)
    return out


def _part(fetch: Fetch, code: dict[int, Instruction], hot: int, jumped: Set[int]) -> dict[int, Instruction]:
    """Of a function that is too large: the largest loop around `hot` that is not, else what is nearest."""
    barred: set[int] = set()
    edges = _edges(code, jumped)
    while (loop := _loop(edges, hot, barred)) and len(loop) > LARGEST:
        barred.add(min(loop & {target for at in loop for target in edges[at] if target <= at}))
    if loop and hot not in barred:
        return {at: code[at] for at in loop}
    return _function(fetch, hot, frozenset(), LARGEST // 2)


def _edges(code: Mapping[int, Instruction], jumped: Set[int]) -> dict[int, list[int]]:
    return {at: [*_following(one), *(jumped if one.row.name == "br" else ())] for at, one in code.items()}


def _loop(edges: Mapping[int, list[int]], hot: int, barred: Set[int]) -> set[int]:
    """The instructions that lead from `hot` to `hot` again, by no way through `barred`; empty for none."""
    reached = _reach(edges, hot, barred)
    before: dict[int, list[int]] = {}
    for at in reached:
        for following in edges[at]:
            before.setdefault(following, []).append(at)
    loop = reached & _reach(before, hot, barred)
    return loop if any(at in loop for at in before.get(hot, ())) else set()


def _reach(edges: Mapping[int, list[int]], start: int, barred: Set[int]) -> set[int]:
    out: set[int] = set()
    todo = [start]
    while todo:
        at = todo.pop()
        if at not in out and at not in barred and at in edges:
            out.add(at)
            todo += edges[at]
    return out


def _following(instruction: Instruction) -> list[int]:
    """Where its function goes on."""
    flow, target = instruction.row.flow, instruction.target
    behind = [] if flow in (Flow.JUMP, Flow.INDIRECT) else [instruction.address + _WORD]
    return behind if target is None or flow is Flow.CALL else [*behind, target]


def _function(
    fetch: Fetch, head: int, starts: Set[int], most: int, warm: Warm | None = None
) -> dict[int, Instruction]:
    """What is reached from `head` without calls, and without jumps to other functions or to what is cold."""
    code: dict[int, Instruction] = {}
    todo = deque([head])
    while todo and len(code) < most:
        at = todo.popleft()
        found = None if at in code or (at in starts and at != head) else fetch(at)
        if found is None:
            continue
        code[at] = found
        todo += (to for to in _following(found) if warm is None or found.row.flow is Flow.NEXT or warm(to))
    return code


def _add_leaves(fetch: Fetch, code: dict[int, Instruction], starts: Set[int]) -> None:
    """The small functions that call none, and that the code calls."""
    for instruction in list(code.values()):
        target = instruction.target
        if instruction.row.flow is not Flow.CALL or target is None or target in code:
            continue
        called = _function(fetch, target, starts, _LEAF + 1)
        if len(called) <= _LEAF and not any(one.comes_back for one in called.values()):
            code.update(called)
