# SPDX-License-Identifier: BSD-2-Clause
"""Which addresses are hardly in the main extent (context.py): those made from the text's own (ADR), and those
from registers that pointed elsewhere when the code was hot. What a register is loaded with is taken to be of
the kind of what it held then. A guess, for speed alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set

APART = "apart"
_UNKNOWN = ""


class Origins:
    """An origin is a register, as it was when the block started; APART; what a register is loaded with; or
    empty, where nothing is known."""

    def __init__(self) -> None:
        self._of: dict[str, str] = {}  # value -> origin
        self._sources: dict[str, set[str]] = {}  # register -> origins of all that it is set to
        self._ends: dict[int, dict[str, str]] = {}  # by block, what registers that it sets hold at its end
        self._block = 0

    def start(self, block: int) -> None:
        self._block, self._ends[block] = block, {}

    def of(self, value: str) -> str:
        return self._of.get(value, _UNKNOWN)

    def note(self, value: str, origin: str) -> None:
        """What is known of a value already stays."""
        self._of.setdefault(value, origin)

    def set(self, register: str, value: str) -> None:
        self.note(value, _loaded(register))
        origin = self._ends[self._block][register] = self.of(value)
        self._sources.setdefault(register, set()).add(origin)

    def apart(self, entered: Set[str], edges: Mapping[int, Iterable[int]]) -> dict[int, Set[str]]:
        """The origins that are elsewhere, by block; `entered`: the registers that were when the region was
        hot, `edges`: where each block goes on. To be asked once all is written."""
        blocks, known = self._ends, {APART, *(_loaded(name) for name in entered)}
        reached = {to for following in edges.values() for to in following}
        some, everywhere = entered | self._sources.keys(), self._everywhere(entered, known)
        held = {at: some if at in reached else everywhere for at in blocks}
        todo = list(blocks)
        while todo:
            at = todo.pop()
            ends = blocks[at]
            after = {name for name in some if ends.get(name, name) in held[at] or ends.get(name) in known}
            for to in edges.get(at, ()):
                if not held[to] <= after:
                    held[to] = held[to] & after
                    todo.append(to)
        return {at: names | known for at, names in held.items()}

    def _everywhere(self, entered: Set[str], known: Set[str]) -> Set[str]:
        """Registers that are wherever they are set."""
        out = {*(name for name, sources in self._sources.items() if sources - {name}), *entered}
        while wrong := {name for name in out if not self._sources.get(name, out) <= out | known}:
            out -= wrong
        return out


def _loaded(register: str) -> str:
    return f"{register} loaded"
