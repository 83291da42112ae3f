# SPDX-License-Identifier: BSD-2-Clause
"""What `python -m bench native` measured, as it is kept in a JSON file."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable
from pathlib import Path

import msgspec


class Measured(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One kernel: seconds of each run by place, for the same work; `cold`: with nothing compiled before."""

    name: str
    flags: str
    suite: bool
    seconds: dict[str, list[float]]
    cold: float

    def median(self, place: str) -> float:
        return statistics.median(self.seconds[place])

    def speed(self, place: str, against: str) -> float:
        """How many times as fast as another place."""
        return self.median(against) / self.median(place)


class Costs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the compiled tier costs with llama. Seconds, MB/s and bytes; lists by run.

    `start`: of a run of a few tokens, by place, all that the program does not count itself. `ramp`: what its
    first tokens take beyond their share. With nothing compiled before, `compiling`: processor time beside the
    emulator, and `ready`: when the last of it was written, from the start. `load`: by way and place.
    """

    start: dict[str, list[float]]
    ramp: list[float]
    compiling: list[float]
    ready: list[float]
    files: int
    code: int
    load: dict[str, dict[str, list[float]]]
    memory: dict[str, int]


class Results(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One run of the bench."""

    machine: str
    compiler: str
    runs: int
    quick: bool
    kernels: list[Measured]
    costs: Costs | None = None


def geometric(values: Iterable[float]) -> float:
    """The geometric mean; of nothing, not a number."""
    logs = [math.log(value) for value in values]
    return math.exp(sum(logs) / len(logs)) if logs else math.nan


def loaded(path: Path) -> Results:
    return msgspec.json.decode(path.read_bytes(), type=Results)


def saved(results: Results, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")
