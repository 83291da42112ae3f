# SPDX-License-Identifier: BSD-2-Clause
"""What a region's blocks do with the guest's registers, and which of them form loops.

Blocks of a loop form a zone: in it registers are values of the function, and what one of them writes is put
back where the loop is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Edges = Mapping[int, Iterable[int]]


@dataclass(frozen=True)
class Exit:
    """A way out. `lines` put back what was half done; `to` is the place where the guest goes on, or the value
    that holds it."""

    label: str
    block: int
    to: int | str
    written: frozenset[str]  # registers that its block had written by then
    lines: tuple[str, ...]
    linked: bool  # to compiled code, where there is some


@dataclass(eq=False)
class Block:
    """Instructions of which the first alone is jumped to. Registers are named as the emitter does."""

    address: int
    size: int = 0  # instructions
    uses: set[str] = field(default_factory=set)  # that it reads before it writes them
    defines: set[str] = field(default_factory=set)
    exits: list[Exit] = field(default_factory=list)
    nexts: set[int] = field(default_factory=set)  # where it goes on in the region; by BR is not counted


class Zones:
    """The zones of a region: loops of at most `largest` instructions."""

    def __init__(self, blocks: Mapping[int, Block], largest: int) -> None:
        self._blocks = blocks
        self._zones: dict[int, int] = {}  # block -> one of its loop
        self._divide({at: set(block.nexts) for at, block in blocks.items()}, largest)
        self.written = self._written()

    def in_loop(self, block: int) -> bool:
        return block in self._zones

    def together(self, block: int, following: int) -> bool:
        """Whether an edge stays within a zone."""
        return block in self._zones and self._zones[block] == self._zones.get(following)

    def _divide(self, edges: dict[int, set[int]], largest: int) -> None:
        for loop in _loops(edges):
            if sum(self._blocks[at].size for at in loop) <= largest:
                self._zones |= dict.fromkeys(loop, min(loop))
                continue
            within = {at: edges[at] & loop for at in loop}
            head = min(to for at, following in within.items() for to in following if to <= at)
            self._divide({at: following - {head} for at, following in within.items()}, largest)

    def _written(self) -> dict[int, frozenset[str]]:
        """What may have been written in the zone when a block starts."""
        out: dict[int, frozenset[str]] = dict.fromkeys(self._blocks, frozenset())
        todo = list(self._blocks)
        while todo:
            block = self._blocks[todo.pop()]
            after = out[block.address] | block.defines
            for at in block.nexts:
                if self.together(block.address, at) and not after <= out[at]:
                    out[at] |= after
                    todo.append(at)
        return out


def _loops(edges: Edges) -> list[set[int]]:
    """The strong components of a graph that have an edge within (Tarjan)."""
    order: dict[int, int] = {}
    lowest: dict[int, int] = {}  # of those on the path
    path: list[int] = []
    out: list[set[int]] = []
    for start in edges:
        todo = [(start, iter(edges[start]))] if start not in order else []
        while todo:
            node, following = todo[-1]
            if node not in order:
                order[node] = lowest[node] = len(order)
                path.append(node)
            for at in following:
                if at not in order:
                    todo.append((at, iter(edges[at])))
                    break
                if at in lowest:
                    lowest[node] = min(lowest[node], order[at], lowest[at])
            else:
                todo.pop()
                if todo:
                    lowest[todo[-1][0]] = min(lowest[todo[-1][0]], lowest[node])
                if lowest[node] == order[node]:
                    component = set(path[path.index(node) :])
                    del path[-len(component) :]
                    for one in component:
                        del lowest[one]
                    if len(component) > 1 or node in edges[node]:
                        out.append(component)
    return out
