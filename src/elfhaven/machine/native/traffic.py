# SPDX-License-Identifier: BSD-2-Clause
"""Where a region takes the guest's registers from the CPU's state, and where it puts them back.

A register has an alloca and a place in the CPU's state. When a block starts the state holds all but what is
`dirty`, and allocas hold what is dirty and was read or written on every way to the block. What this module
chooses is dirty: in a loop, what the loop writes; elsewhere what was written on every way to the block, if it
may soon be written again. Then the ways out in between put it back, which are seldom taken. All else follows,
so that at each way out the state can be made the guest's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set

from elfhaven.machine.native.blocks import Block, Zones

_SOON = 6  # blocks
_Names = frozenset[str]
_NONE: _Names = frozenset()


class Traffic:
    """`entries` are blocks that are entered with everything in the CPU's state."""

    def __init__(self, blocks: Mapping[int, Block], zones: Zones, entries: Set[int]) -> None:
        self._blocks, self._zones = blocks, zones
        self._before: dict[int, list[int]] = {at: [] for at in blocks}
        for at, block in blocks.items():
            for following in block.nexts:
                self._before[following].append(at)
        self._free = [at for at in blocks if not zones.in_loop(at) and at not in entries and self._before[at]]
        self._dead = self._find_dead()
        self.dirty = self._find_dirty()
        self._needed = self._find_needed()
        self._held = self._find_held()

    def after(self, block: int) -> _Names:
        """What is dirty where a block ends."""
        return self.dirty[block] | self._blocks[block].defines

    def put_back(self, block: int, following: int) -> _Names:
        """On an edge."""
        return self.after(block) - self.dirty[following] - self._dead[following]

    def taken(self, block: int, following: int) -> _Names:
        """On an edge, before what is taken at the start."""
        return self._needed[following] - self._available(block) - self.at_start(following)

    def at_start(self, block: int) -> _Names:
        """What is taken wherever the block is reached from."""
        return self._needed[block].difference(*(self._available(before) for before in self._before[block]))

    def at_entry(self, block: int) -> _Names:
        """What is taken before that where everything is in the CPU's state."""
        return self._needed[block] - self.at_start(block)

    def _available(self, block: int) -> _Names:
        """What allocas hold where a block ends."""
        return self._held[block] | self._blocks[block].defines

    def _find_dead(self) -> dict[int, _Names]:
        """What is written, whatever comes, before anybody reads it or the region is left."""
        out = {at: _written_first(block) for at, block in self._blocks.items()}
        todo = list(self._blocks)
        while todo:
            at = todo.pop()
            for earlier in self._before[at]:
                block = self._blocks[earlier]
                if not block.exits and not (more := self._dead_behind(block, out)) <= out[earlier]:
                    out[earlier] |= more
                    todo.append(earlier)
        return out

    def _dead_behind(self, block: Block, dead: Mapping[int, _Names]) -> _Names:
        return frozenset.intersection(*(dead[at] for at in block.nexts)) - block.uses

    def _find_soon(self) -> dict[int, _Names]:
        """What may be written in a few blocks, this one included."""
        out = {at: frozenset(block.defines) for at, block in self._blocks.items()}
        for _ in range(_SOON - 1):
            out = {
                at: out[at].union(*(out[following] for following in block.nexts))
                for at, block in self._blocks.items()
            }
        return out

    def _find_dirty(self) -> dict[int, _Names]:
        soon = self._find_soon()
        out = dict(self._zones.written) | {at: soon[at] - self._dead[at] for at in self._free}
        self._settle(out, lambda at: out[at] & self._common(out, at))
        return out

    def _find_needed(self) -> dict[int, _Names]:
        """What must be in allocas when a block starts: it is read, put back, or handed on."""
        out = {at: self._own_needs(block) for at, block in self._blocks.items()}
        todo = list(self._blocks)
        while todo:
            at = todo.pop()
            for earlier in self._before[at]:
                more = out[at] - self._blocks[earlier].defines
                if not self._zones.together(earlier, at):
                    more &= self.dirty[earlier]
                if not more <= out[earlier]:
                    out[earlier] |= more
                    todo.append(earlier)
        return out

    def _own_needs(self, block: Block) -> _Names:
        dirty = self.dirty[block.address]
        at_exits = (dirty - way.written for way in block.exits)
        at_edges = (self.put_back(block.address, to) - block.defines for to in block.nexts)
        return frozenset(block.uses).union(*at_exits, *at_edges)

    def _find_held(self) -> dict[int, _Names]:
        """What allocas hold when a block starts."""
        every = _NONE.union(*(block.uses | block.defines for block in self._blocks.values()))
        out = dict(self._needed) | dict.fromkeys(self._free, every)
        self._settle(out, lambda at: self._needed[at] | self._common(out, at))
        return out

    def _common(self, names: Mapping[int, _Names], block: int) -> _Names:
        """Of all ways to a block, with what was written on them."""
        return frozenset.intersection(*(names[at] | self._blocks[at].defines for at in self._before[block]))

    def _settle(self, names: dict[int, _Names], better: Callable[[int], _Names]) -> None:
        """Of free blocks, until nothing changes."""
        changed = True
        while changed:
            changed = False
            for at in self._free:
                found = better(at)
                if found != names[at]:
                    names[at], changed = found, True


def _written_first(block: Block) -> _Names:
    """What a block writes before it reads it or is left."""
    return frozenset(block.defines - block.uses).intersection(*(way.written for way in block.exits))
