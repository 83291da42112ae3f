# SPDX-License-Identifier: BSD-2-Clause
"""What a region's blocks do with the guest's registers: what must be loaded where it is entered, and what
must be put back where it is left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Exit:
    """A way out. `lines` put back what was half done; `place` computes the address where the guest goes on."""

    label: str
    place: str
    written: frozenset[str]  # registers that its block had written by then
    lines: tuple[str, ...]
    linked: bool  # to compiled code, where there is some


@dataclass(eq=False)
class Block:
    """Instructions of which the first alone is jumped to. Registers are named as the emitter does."""

    address: int
    uses: set[str] = field(default_factory=set)  # that it reads before it writes them
    defines: set[str] = field(default_factory=set)
    exits: list[Exit] = field(default_factory=list)
    nexts: set[int] = field(default_factory=set)


def written_before(blocks: Mapping[int, Block]) -> dict[int, frozenset[str]]:
    """What may have been written in the region when a block starts."""
    out: dict[int, frozenset[str]] = dict.fromkeys(blocks, frozenset())
    todo = list(blocks)
    while todo:
        block = blocks[todo.pop()]
        after = out[block.address] | block.defines
        for at in block.nexts:
            if not after <= out[at]:
                out[at] |= after
                todo.append(at)
    return out


def needed_before(blocks: Mapping[int, Block], written: Mapping[int, Set[str]]) -> dict[int, frozenset[str]]:
    """What must hold the guest's value when a block starts: it is read, or put back at a way out."""
    before: dict[int, list[int]] = {at: [] for at in blocks}
    for at, block in blocks.items():
        for following in block.nexts:
            before[following].append(at)
    out = {at: frozenset(_own_needs(block, written[at])) for at, block in blocks.items()}
    todo = list(blocks)
    while todo:
        at = todo.pop()
        for earlier in before[at]:
            more = out[at] - blocks[earlier].defines
            if not more <= out[earlier]:
                out[earlier] |= more
                todo.append(earlier)
    return out


def _own_needs(block: Block, written: Set[str]) -> set[str]:
    needs = set(block.uses)
    for way in block.exits:
        needs |= written - way.written
    return needs


def loops(edges: Mapping[int, Iterable[int]]) -> set[int]:
    """The nodes of a graph from which a way leads back to themselves (Tarjan's strong components)."""
    order: dict[int, int] = {}
    lowest: dict[int, int] = {}
    path: list[int] = []
    out: set[int] = set()
    for start in edges:
        if start in order:
            continue
        todo = [(start, iter(edges[start]))]
        order[start] = lowest[start] = len(order)
        path.append(start)
        while todo:
            node, following = todo[-1]
            for at in following:
                if at not in order:
                    order[at] = lowest[at] = len(order)
                    path.append(at)
                    todo.append((at, iter(edges[at])))
                    break
                if at in lowest:
                    lowest[node] = min(lowest[node], order[at])
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
                        out |= component
    return out
