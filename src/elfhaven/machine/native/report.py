# SPDX-License-Identifier: BSD-2-Clause
"""What the native tier did in a run, for people: how much was compiled, and which hot code could not be.

As a program it tells what of a file's instructions no pattern covers:

    python -m elfhaven.machine.native.report FILE...
"""

from __future__ import annotations

import sys
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfhaven.machine.native.classes import describe
from elfhaven.machine.native.patterns import A64

if TYPE_CHECKING:
    from elfhaven.machine.native.tier import Tier

_MOST = 20  # lines of a table


@dataclass(frozen=True, slots=True)
class Report:
    """`regions` there are. `uncovered`: by instruction word, how often a hot block that starts with it was
    offered for compiling (each time it was met 1,024 times; a block is offered eight times at most).
    `failed`: what went wrong in the tier itself."""

    regions: int
    uncovered: Mapping[int, int]
    failed: Sequence[str] = ()

    def as_values(self) -> dict[str, object]:
        """Plain values, for JSON."""
        return {
            "regions": self.regions,
            "uncovered": [
                {"word": f"{word:08x}", "class": _told(word), "count": count}
                for word, count in _ranked(self.uncovered)
            ],
            "failed": list(self.failed),
        }

    def lines(self) -> list[str]:
        """One line, and a table of hot code that is left to the interpreter, the most frequent first."""
        out = [f"native engine: {self.regions} regions of hot code"]
        if self.uncovered:
            out.append("hot blocks that it leaves to the interpreter start with:")
            out += table(self.uncovered)
        return [*out, *(f"native engine: {line}" for line in self.failed)]


def of(tier: Tier) -> Report:
    """What it has done so far."""
    return Report(tier.pieces, dict(tier.uncovered), tuple(tier.failed))


def table(words: Mapping[int, int]) -> list[str]:
    """Instruction words with their class and how often each was met."""
    ranked = _ranked(words)
    out = [f"{count:>10}  {word:08x}  {_told(word)}" for word, count in ranked[:_MOST]]
    more = sum(count for _, count in ranked[_MOST:])
    return [*out, f"{more:>10}  others"] if more else out


def _ranked(words: Mapping[int, int]) -> list[tuple[int, int]]:
    return sorted(words.items(), key=lambda each: (-each[1], each[0]))


def _told(word: int) -> str:
    """A word that is covered starts a region that LLVM did not compile."""
    found = A64.decode(0, word)
    return f"{found.row.name}, which was not compiled" if found is not None else describe(word)


def uncovered(code: bytes) -> Counter[int]:
    """Words of a text that no row covers."""
    words = Counter(array("I", code[: len(code) // 4 * 4]))
    return Counter({word: count for word, count in words.items() if A64.decode(0, word) is None})


def by_class(words: Mapping[int, int]) -> Counter[str]:
    """The same by what they are."""
    out: Counter[str] = Counter()
    for word, count in words.items():
        out[describe(word)] += count
    return out


def _text(path: str) -> bytes:
    """What of an ELF file is executable."""
    from elftools.elf.elffile import ELFFile

    with open(path, "rb") as file:
        sections = ELFFile(file).iter_sections()
        return b"".join(
            one.data() for one in sections if one["sh_flags"] & 4 and one["sh_type"] == "SHT_PROGBITS"
        )


def main(paths: Sequence[str]) -> None:
    total: Counter[int] = Counter()
    for path in paths:
        code = _text(path)
        missing = uncovered(code)
        total += missing
        print(f"{path}: {len(code) // 4} words, {missing.total()} of them covered by no pattern")
    for name, count in by_class(total).most_common():
        print(f"{count:>10}  {name}")


if __name__ == "__main__":
    main(sys.argv[1:])
