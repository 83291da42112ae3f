# SPDX-License-Identifier: BSD-2-Clause
"""What several engines share: texts and their hot places in, compiled regions out.

A worker thread has hot places compiled, by a process of its own: first what was hot most often. Engines are
told by a word of their context, and take what is ready when it suits them. What was compiled in an earlier
run is there as soon as a text is met.

Locks: `_changed` guards `_samples`, `_considered`, `_heat`, `_texts` and `_ends`, and who adds to a text
holds it; `_compiling`, which comes before it, the compiler.
"""

from __future__ import annotations

import atexit
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from elfhaven.machine.native.bundle import Piece, Text, pack, unpack
from elfhaven.machine.native.compiler import CompileError, Compiler
from elfhaven.machine.native.context import COLD, NEWS, Context, Heat
from elfhaven.machine.native.dispatch import OFTEN
from elfhaven.machine.native.layout import NativeLayout
from elfhaven.machine.native.linker import LinkError

_NAME = "region"
_PATIENCE = 1  # how often a place must be hot that lies within a region, and is not reached there
_SETTLED = 1.0  # seconds without a hot place after which what is new is saved
_AT_LEAST, _AT_MOST = 0.75, 3.0  # seconds that the worker is given, and then for what it has begun
_IDLE = 10.0  # seconds after which the process that compiles is not needed any more
_TEXTS = 64  # that are remembered
_Place = tuple[bytes, int]  # digest of a text, offset in it


class Tier:
    """What it compiles is kept in `directory`. `uncovered` counts instructions, by word, at which a hot place
    could not be compiled."""

    def __init__(self, layout: NativeLayout, directory: Path | None = None, often: int = OFTEN) -> None:
        self.layout = layout
        self._compiler = Compiler(directory, layout)
        self.dispatcher, self.enter, self.absent = self._compiler.dispatcher(layout, often)
        self._texts: dict[bytes, Text] = {}  # by digest
        self._samples: dict[_Place, tuple[Text, Sequence[str]]] = {}
        self._considered: _Place | None = None  # by the worker, at this time
        self._heat: dict[bytes, Callable[[], Heat]] = {}  # by digest, as the latest engine has it
        self._within: Counter[_Place] = Counter()
        self._ends = False
        self._changed = threading.Condition()
        self._compiling = threading.Lock()
        self._contexts: list[Context] = []
        self.uncovered: Counter[int] = Counter()
        self.failed: list[str] = []
        self._thread: threading.Thread | None = None
        self._begun = 0.0  # when the thread was

    @property
    def pieces(self) -> int:
        """How many regions there are."""
        return sum(len(text.pieces) for text in self._texts.values())

    def serve(self, context: Context) -> None:
        """Tell an engine from now on."""
        self._contexts.append(context)

    def dismiss(self, context: Context) -> None:
        self._contexts.remove(context)

    def text(self, code: bytes, flush: bool = False) -> Text:
        """What is known of a text; `flush`: with FPCR.FZ, which is another."""
        digest = sha256(bytes([flush]) + code).digest()
        with self._changed:
            known = self._texts.get(digest)
            if known is None:
                known = self._texts[digest] = Text(digest, code, flush=flush)
                self._load(known)
                self._forget_oldest()
            return known

    def offer(self, text: Text, at: int, heat: Callable[[], Heat], apart: Sequence[str] = ()) -> None:
        """Have the region around a place of a text compiled; `heat` is asked when its turn comes. `apart` as
        for lift."""
        place = (text.digest, at)
        with self._changed:
            if at in text.refused:
                self.uncovered[text.refused[at]] += 1
                return
            self._begin()
            self._samples[place] = text, apart
            self._heat[text.digest] = heat
            self._changed.notify_all()

    def has_waiting(self, text: Text, at: int) -> bool:
        """Whether a place was offered that the worker has not done with."""
        place = (text.digest, at)
        return place in self._samples or place == self._considered

    def consider(self, text: Text, at: int, heat: Heat = COLD, apart: Sequence[str] = ()) -> None:
        """Compile the region around a place, unless one that holds it will do. What is not warm is left out
        of it, if anything is warm."""
        with self._compiling:
            if at in text.refused:
                self.uncovered[text.refused[at]] += 1
            elif not self._will_do(text, at):
                self._compile(text, at, heat, apart)

    def save(self) -> None:
        """Keep what is new for the next run."""
        with self._changed:
            changed = [(text.digest, pack(text)) for text in self._texts.values() if text.changed]
            for text in self._texts.values():
                text.changed = False
        for digest, data in changed:
            self._compiler.save(digest, data)

    def finish(self) -> None:
        """To be called before `close`. If the first place was offered a moment ago, wait until what was
        offered is compiled, or what of it has been begun by then: of a program that ends so soon the next run
        would find nothing, however often it is run."""
        with self._changed:
            left = self._begun + _AT_LEAST - time.monotonic()
            if left <= 0:
                return
            self._changed.wait_for(lambda: not self._samples and self._considered is None, left)
            self._ends = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(_AT_MOST)

    def close(self) -> None:
        """End the worker."""
        with self._changed:
            self._ends = True
            self._changed.notify_all()
        self._compiler.interrupt()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
            atexit.unregister(self.close)
        self._compiler.close()
        self.save()

    # ---- the worker

    def _begin(self) -> None:
        if self._thread is None and not self._ends:
            self._begun = time.monotonic()
            self._thread = threading.Thread(target=self._work, name="native-compiler", daemon=True)
            self._thread.start()
            atexit.register(self.close)

    def _work(self) -> None:
        while (sample := self._next()) is not None:
            try:
                self.consider(*sample)
            except Exception as error:  # a tier that fails leaves the program to the interpreter
                self.failed.append(f"{type(error).__name__}: {error}")

    def _next(self) -> tuple[Text, int, Heat, Sequence[str]] | None:
        """The hottest place; None when it is time to end."""
        with self._changed:
            self._considered = None
            self._changed.notify_all()
        while not self._wait(_SETTLED):
            self.save()
            if not self._wait(_IDLE):
                with self._compiling:
                    self._compiler.close()
                self._wait(None)
        with self._changed:
            if self._ends:
                return None
            heats = {of: self._heat.get(of, lambda: COLD)() for of in {place[0] for place in self._samples}}
            hottest = max(self._samples, key=lambda place: heats[place[0]].at(place[1]))
            self._considered = hottest
            text, apart = self._samples.pop(hottest)
            return text, hottest[1], heats[hottest[0]], apart

    def _wait(self, seconds: float | None) -> bool:
        """Whether there is something to do by then."""
        with self._changed:
            return self._changed.wait_for(lambda: self._ends or bool(self._samples), seconds)

    # ---- texts

    def _load(self, text: Text) -> None:
        """Take what was kept of it; nothing, where that does not hold."""
        kept = self._compiler.load(text.digest)
        if kept is None:
            return
        with suppress(ValueError, LinkError):
            pieces, refused = unpack(kept)
            linked = self._compiler.link([piece.object for piece in pieces])
            found = [names[_NAME] for names in linked if _NAME in names]
            text.pieces += [replace(one, function=at) for one, at in zip(pieces, found, strict=True)]
            text.refused |= refused

    def _forget_oldest(self) -> None:
        if len(self._texts) > _TEXTS:
            oldest = self._texts.pop(next(iter(self._texts)))
            self._heat.pop(oldest.digest, None)
            if oldest.changed:
                self._compiler.save(oldest.digest, pack(oldest))

    def _will_do(self, text: Text, at: int) -> bool:
        holding = [piece for piece in text.pieces if piece.holds(at)]
        if any(at in piece.entries for piece in holding):
            return True
        self._within[text.digest, at] += bool(holding)
        return bool(holding) and self._within[text.digest, at] <= _PATIENCE

    def _compile(self, text: Text, at: int, heat: Heat, apart: Sequence[str]) -> None:
        try:
            words, made = self._compiler.region(text, at, heat, apart)
        except CompileError:
            self._refuse(text, at, 0)
            raise
        if "uncovered" in words:
            self._refuse(text, at, words["uncovered"])
            return
        function = self._compiler.link([made])[0][_NAME]
        self._compiler.compiled += 1
        spans = tuple((start, size) for start, size in words["spans"])
        entries, links = tuple(words["entries"]), tuple(words["links"])
        piece = Piece(words["base"], entries, spans, made, function, words["checks"], links)
        with self._changed:
            text.pieces.append(piece)
            text.changed = True
        for context in self._contexts:
            context.words[NEWS] = 1

    def _refuse(self, text: Text, at: int, word: int) -> None:
        with self._changed:
            if not self._ends:
                text.refused[at] = word
                text.changed = True
                self.uncovered[word] += 1
