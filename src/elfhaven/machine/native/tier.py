# SPDX-License-Identifier: BSD-2-Clause
"""What several engines share: hot places in, compiled regions out.

A worker thread takes samples (a hot PC and the code around it), finds the region, and compiles it: first what
was hot most often. Engines are told by a word of their context, and take what is ready when it suits them.

Locks: `_changed` guards `_ready`, `_samples` and `_ends`; `_compiling`, which comes before it, the compiler
and what was made: tests have several engines wait for it (NativeMachine's at_once).
"""

from __future__ import annotations

import atexit
import struct
import threading
from collections import Counter
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from elfhaven.machine.native.compiler import CompileError, Compiler
from elfhaven.machine.native.context import NEWS, Context
from elfhaven.machine.native.decode import Instruction
from elfhaven.machine.native.dispatch import OFTEN
from elfhaven.machine.native.flow import Region, find_region, function_starts
from elfhaven.machine.native.layout import NativeLayout
from elfhaven.machine.native.lift import lift
from elfhaven.machine.native.patterns import A64

_NAME = "region"
_VERSIONS = 4  # of a function; then what is still met in it is compiled apart
_PATIENCE = 2  # how often a place must be hot that lies within a region, and is not reached there


@dataclass(frozen=True)
class Native:
    """A compiled region."""

    region: Region
    function: int  # its address in the host

    def stands(self, start: int, code: bytes) -> bool:
        """Whether its instructions are those of the bytes at `start`."""
        return all(start <= at and code.startswith(held, at - start) for at, held in self.region.spans)


@dataclass(frozen=True)
class Sample:
    """A hot place, and the code around it."""

    pc: int
    start: int
    code: bytes
    heat: memoryview | None = None  # by word of the code, how often the interpreter met a block there

    def fetch(self, address: int) -> Instruction | None:
        at = address - self.start
        if at < 0 or at + 4 > len(self.code) or at % 4:
            return None
        return A64.decode(address, struct.unpack_from("<I", self.code, at)[0])

    def warm(self, address: int) -> int:
        """How often the interpreter met a block."""
        at = address - self.start
        return self.heat[at // 4] if self.heat is not None and 0 <= at < len(self.code) else 0


class Tier:
    """What it compiles is kept in `directory`. `uncovered` counts instructions, by word, at which a hot place
    could not be compiled."""

    def __init__(self, layout: NativeLayout, directory: Path | None = None, often: int = OFTEN) -> None:
        self._layout = layout
        self._compiler = Compiler(directory)
        self.dispatcher, self.enter = self._compiler.dispatcher(layout, often)
        self._samples: dict[int, Sample] = {}  # by pc, the latest of each
        self._times: Counter[int] = Counter()  # how often each of them came
        self._ends = False
        self._changed = threading.Condition()
        self._compiling = threading.Lock()
        self._versions: Counter[int] = Counter()
        self._within: Counter[int] = Counter()
        self._made: list[Native] = []  # the worker's
        self._refused: set[bytes] = set()  # text that LLVM does not compile
        self._ready: list[Native] = []
        self._contexts: list[Context] = []
        self.uncovered: Counter[int] = Counter()
        self.failed: list[str] = []
        self._thread: threading.Thread | None = None

    def serve(self, context: Context) -> None:
        """Tell an engine from now on."""
        self._contexts.append(context)

    def dismiss(self, context: Context) -> None:
        self._contexts.remove(context)

    def offer(self, sample: Sample) -> None:
        """Take a sample."""
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="native-compiler", daemon=True)
                self._thread.start()
                atexit.register(self.close)
            self._samples[sample.pc] = sample
            self._times[sample.pc] += 1
            self._changed.notify()

    def take(self, seen: int) -> list[Native]:
        """What has been compiled since there were `seen` regions."""
        with self._changed:
            return self._ready[seen:]

    def close(self) -> None:
        """End the worker."""
        with self._changed:
            self._ends = True
            self._changed.notify()
        self._compiler.interrupt()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
            atexit.unregister(self.close)
        self._compiler.close()

    def _work(self) -> None:
        while (sample := self._next()) is not None:
            try:
                self.consider(sample)
            except Exception as error:  # a tier that fails leaves the program to the interpreter
                self.failed.append(f"{type(error).__name__}: {error}")

    def _next(self) -> Sample | None:
        """The hottest sample; None when it is time to end."""
        with self._changed:
            self._changed.wait_for(lambda: self._ends or self._samples)
            if self._ends:
                return None
            hottest = max(self._samples, key=self._times.__getitem__)
            return self._samples.pop(hottest)

    def consider(self, sample: Sample) -> None:
        """Compile the region around a hot place, unless one that holds it will do. From any thread."""
        with self._compiling:
            self._consider(sample)

    def _consider(self, sample: Sample) -> None:
        for native in self._made:
            if sample.pc in native.region.code and native.stands(sample.start, sample.code):
                if sample.pc in native.region.entries:
                    return
                self._within[sample.pc] += 1
                if self._within[sample.pc] <= _PATIENCE:
                    return
        starts = function_starts(sample.start, sample.code)
        warm = sample.warm if sample.heat is not None else None
        region = find_region(sample.fetch, sample.pc, starts, warm)
        if region is not None:
            self._versions[region.head] += 1
            if self._versions[region.head] > _VERSIONS:
                region = find_region(sample.fetch, sample.pc, (), warm)
        if region is None:
            at = sample.pc - sample.start
            self.uncovered[int.from_bytes(sample.code[at : at + 4], "little")] += 1
            return
        self._compile(region)

    def _compile(self, region: Region) -> None:
        text = lift(region, _NAME, self._layout, self._compiler.features)
        digest = sha256(text.encode()).digest()
        if not self._compiler.able or digest in self._refused:
            return
        try:
            function = self._compiler.compile({_NAME: text})[_NAME]
        except CompileError:
            self._refused.add(digest)
            raise
        native = Native(region, function)
        self._made.append(native)
        with self._changed:
            self._ready.append(native)
        for context in self._contexts:
            context.words[NEWS] = 1
