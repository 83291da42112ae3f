# SPDX-License-Identifier: BSD-2-Clause
"""Finds the loop that holds an instruction: a strongly connected part of the flow graph, of covered
instructions alone. Calls are not followed; where one stands in a loop, the loops within it count."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from elfhaven.machine.native.decode import Flow, Instruction
from elfhaven.machine.native.lift import Region

Fetch = Callable[[int], Instruction | None]
LONGEST = 1500  # instructions of a region


def successors(instruction: Instruction) -> list[int]:
    """Where it goes on; empty for none."""
    target = instruction.target
    following = [] if instruction.row.flow is Flow.JUMP else [instruction.address + 4]
    return following if target is None else [target, *following]


def find_loop(fetch: Fetch, address: int, without: Iterable[int] = ()) -> Region | None:
    """The largest loop around `address` whose head is not one of `without`; None if there is none."""
    barred = set(without)
    reached = _reached(fetch, address, barred)
    back = _reaching(reached, address)
    if address not in back:
        return None
    code = {at: reached[at] for at in back}
    return Region(_head(code), code)


def _reached(fetch: Fetch, start: int, barred: set[int]) -> dict[int, Instruction]:
    out: dict[int, Instruction] = {}
    todo = [start]
    while todo and len(out) < LONGEST:
        at = todo.pop()
        if at in out or at in barred:
            continue
        found = fetch(at)
        if found is not None:
            out[at] = found
            todo += successors(found)
    return out


def _reaching(code: dict[int, Instruction], end: int) -> set[int]:
    """Those from which `end` is reached by at least one step."""
    before: dict[int, list[int]] = {}
    for at, instruction in code.items():
        for following in successors(instruction):
            before.setdefault(following, []).append(at)
    out: set[int] = set()
    todo = list(before.get(end, ()))
    while todo:
        at = todo.pop()
        if at not in out:
            out.add(at)
            todo += before.get(at, ())
    return out


def _head(code: dict[int, Instruction]) -> int:
    """The lowest target of a jump backwards."""
    return min(
        target
        for at, instruction in code.items()
        if (target := instruction.target) is not None and target <= at and target in code
    )
