# SPDX-License-Identifier: BSD-2-Clause
"""What several engines share: samples in, compiled regions out.

A worker thread takes samples (a PC and the code around it), finds the loop, and compiles it once it has been
met often enough. Engines take what is ready when it suits them. `lock` guards `_ready`.
"""

from __future__ import annotations

import queue
import struct
import threading
from collections import Counter
from dataclasses import dataclass

from elfhaven.machine.native.compiler import Compiler
from elfhaven.machine.native.decode import Instruction
from elfhaven.machine.native.layout import NativeLayout
from elfhaven.machine.native.lift import Region, lift
from elfhaven.machine.native.loops import find_loop
from elfhaven.machine.native.patterns import A64

HOT = 2  # samples that make a loop worth compiling
_WAITING = 4  # samples that may wait
_PEELS = 4  # loops within loops that may get regions of their own


@dataclass(frozen=True)
class Native:
    """A compiled region."""

    region: Region
    function: int  # address of the callback


@dataclass(frozen=True)
class Sample:
    pc: int
    start: int
    code: bytes

    def fetch(self, address: int) -> Instruction | None:
        at = address - self.start
        if at < 0 or at + 4 > len(self.code) or at % 4:
            return None
        return A64.decode(address, struct.unpack_from("<I", self.code, at)[0])


class Tier:
    """`uncovered` counts instructions, by word, at which a sample found no loop."""

    def __init__(self, layout: NativeLayout) -> None:
        self._layout = layout
        self._compiler = Compiler()
        self._samples: queue.Queue[Sample | None] = queue.Queue(_WAITING)
        self._met: Counter[tuple[int, int]] = Counter()
        self._made: dict[int, Native] = {}  # by head
        self._ready: list[Native] = []
        self.uncovered: Counter[int] = Counter()
        self.failed: list[str] = []
        self.lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def offer(self, sample: Sample) -> None:
        """Take a sample if there is time for it."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="native-compiler", daemon=True)
            self._thread.start()
        try:
            self._samples.put_nowait(sample)
        except queue.Full:
            return

    def take(self, seen: int) -> list[Native]:
        """What has been compiled since there were `seen` regions."""
        with self.lock:
            return self._ready[seen:]

    def close(self) -> None:
        """End the worker."""
        if self._thread is not None:
            self._samples.put(None)
            self._thread.join()
            self._thread = None

    def _work(self) -> None:
        while (sample := self._samples.get()) is not None:
            try:
                self.consider(sample)
            except Exception as error:  # a tier that fails leaves the program to the interpreter
                self.failed.append(f"{type(error).__name__}: {error}")

    def consider(self, sample: Sample) -> None:
        """Find the loop of a sample, compile it if it is hot and new."""
        barred: set[int] = set()
        for _ in range(_PEELS):
            region = find_loop(sample.fetch, sample.pc, barred)
            if region is None:
                break
            if not self._is_made(region):
                self._met[region.head, len(region.code)] += 1
                if self._met[region.head, len(region.code)] >= HOT:
                    self._compile(region)
                return
            barred.add(region.head)
        else:
            return
        if not barred:
            at = sample.pc - sample.start
            self.uncovered[int.from_bytes(sample.code[at : at + 4], "little")] += 1

    def _is_made(self, region: Region) -> bool:
        known = self._made.get(region.head)
        return known is not None and known.region.words == region.words

    def _compile(self, region: Region) -> None:
        if not self._compiler.fused and region.floats:
            return
        name = f"at_{region.head:x}"
        function = self._compiler.compile({name: lift(region, name, self._layout)})[name]
        native = Native(region, function)
        with self.lock:
            self._made[region.head] = native
            self._ready.append(native)
