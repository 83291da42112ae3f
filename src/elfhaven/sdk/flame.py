# SPDX-License-Identifier: BSD-2-Clause
"""Where instructions go: the program counter sampled a thousand times a second, drawn as a flame graph."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from elfhaven.errors import StateError, UsageError
from elfhaven.machine.engine import Translation
from elfhaven.machine.watched_engine import WatchedEngine, Why
from elfhaven.sdk.flame_svg import draw
from elfhaven.sdk.root import open_root
from elfhaven.target.inside import Guest, Inside
from elfhaven.target.symbols import of_system

if TYPE_CHECKING:
    from elfhaven.packing import PackedTa
    from elfhaven.target.faults import Symbols
    from elfhaven.target.look import Observing

PERIOD = 0.001  # seconds between samples


class Profiler:
    """machine.watched_engine.Observer that counts stacks. Close it to end its clock."""

    def __init__(self, packed: PackedTa, period: float = PERIOD) -> None:
        self.stacks: Counter[tuple[int, ...]] = Counter()  # offsets in the TA, outermost first
        self._inside = Inside(packed)
        self._engine: WatchedEngine | None = None
        self._base = 0
        self._done = threading.Event()
        self._period = period
        self._clock = threading.Thread(target=self._tick, daemon=True)
        self._clock.start()

    def began(self, engine: WatchedEngine, space: Translation, pc: int) -> bool:
        base = self._inside.find(cast(Guest, space), pc)
        if base is None:
            return False
        self._base, self._engine = base, engine
        return True

    def stopped(self, engine: WatchedEngine, space: Translation, why: Why) -> None:
        if why is not Why.ASKED:
            return
        found = self._inside.stack(cast(Guest, space), self._base, tuple(engine.registers))
        self.stacks[tuple(address - self._base for address in reversed(found))] += 1

    def left(self, engine: WatchedEngine) -> None:
        self._engine = None

    def _tick(self) -> None:
        while not self._done.wait(self._period):
            engine = self._engine
            if engine is not None:
                engine.ask()

    def close(self) -> None:
        self._done.set()
        self._clock.join()


def folded(stacks: Counter[tuple[int, ...]], images: Sequence[Symbols]) -> Counter[tuple[str, ...]]:
    """The same with names of functions; what is called stands behind its caller. The last frame is where
    the PC was, the others are return addresses, which lie behind their calls."""
    named: Counter[tuple[str, ...]] = Counter()
    for stack, count in stacks.items():
        calls = [_name(offset - 4, images) for offset in stack[:-1]]
        named[(*calls, *(_name(offset, images) for offset in stack[-1:]))] += count
    return named


def _name(offset: int, images: Sequence[Symbols]) -> str:
    for image in images:
        found = image.name(offset)
        if found is not None:
            function, _, where = found.rpartition(" of ")
            return f"{function.partition('+')[0]} ({where})" if "+" in function else f"({image.image})"
    return "(outside)"


@contextmanager
def profiling(
    path: str | None, program: str, sysroot: str | None = None, debian: Sequence[str] = (), suite: str = ""
) -> Iterator[Observing | None]:
    """What to observe a run with so that, once it is over, its flame graph lies in the file `path`; None
    for no path.

    StateError where the file cannot be written, before anything runs.
    """
    if path is None:
        yield None
        return
    _write(path, "")
    made: list[tuple[Profiler, PackedTa]] = []

    def observe(packed: PackedTa) -> Profiler:
        if not packed.debug:
            raise UsageError(
                "a profile shows what is inside, and this program's signed manifest does not allow that",
                "add `debug = true` to elfhaven.toml",
            )
        made.append((Profiler(packed), packed))
        return made[-1][0]

    began = time.monotonic()
    try:
        yield observe
    finally:
        for profiler, _ in made:
            profiler.close()
    for profiler, packed in made:
        root = open_root(sysroot, debian, suite, lambda _: None)
        images = of_system(
            packed, program, root.path if root else None, root.program(program) if root else None
        )
        seconds = time.monotonic() - began
        stacks = folded(profiler.stacks, images)
        _write(path, draw(stacks, f"{program}: {stacks.total()} samples in {seconds:.2f} s"))


def _write(path: str, text: str) -> None:
    try:
        with open(path, "w") as file:
            file.write(text)
    except OSError as error:
        raise StateError(f"{path} cannot be written: {error.strerror}", "name another file") from None
