# SPDX-License-Identifier: BSD-2-Clause
"""From a hot place to an object file; as a program, a process that does so for another.

    python -m elfhaven.machine.native.codegen

answers requests (messages.py) on stdin with object files on stdout. It is a process of its own because LLVM
ends the process that it runs in when it meets what it cannot do, and because the interpreter of Python lets
only one thread run: a program's calls would wait while its code is taken apart.
"""

from __future__ import annotations

import struct
import sys
from collections import Counter
from collections.abc import Set
from dataclasses import replace
from importlib import import_module
from typing import IO, Any

from elfhaven.machine.native.context import Heat
from elfhaven.machine.native.decode import Instruction
from elfhaven.machine.native.dispatch import OFTEN
from elfhaven.machine.native.floats import FLUSHED
from elfhaven.machine.native.flow import Region, find_region, function_starts
from elfhaven.machine.native.layout import NativeLayout
from elfhaven.machine.native.lift import lift
from elfhaven.machine.native.messages import Words, receive, send
from elfhaven.machine.native.patterns import A64
from elfhaven.machine.native.prelude import METADATA
from elfhaven.machine.native.shared import DECLARED, INLINED, SHARED

NAME = "region"
_PLACE = 1 << 40  # where a text is taken to lie: what it calls in front of it has an address too
_TEXTS = 4  # that are kept
_RARE = OFTEN // 16  # meetings of a block that is left out: it would take longer to compile than it saves
_VERSIONS = 4  # of a function, each with more that ran; then what is still met in it is compiled apart


def load_binding() -> Any:
    """llvmlite's binding; ImportError where it is not installed."""
    llvm = import_module("llvmlite.binding")
    llvm.set_option("elfhaven", "-enable-tail-merge=false")  # it takes a tenth of the time, and gains nothing
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm


def target_machine(llvm: Any) -> Any:
    """This processor; what linker.py takes. The second level of code generation takes a fifth longer, and its
    code is not faster. Without VZEROUPPER, which LLVM puts at the end even of functions that keep all
    registers; dispatch.py has one."""
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten() + ",-vzeroupper",
        opt=1,
        reloc="pic",
        codemodel="small",
    )


def passes(llvm: Any) -> Any:
    """Those that matter for regions; all of the second level take five times as long, and gain nothing."""
    out = llvm.create_new_module_pass_manager()
    out.add_always_inliner_pass()
    out.add_sroa_pass()
    out.add_instruction_combine_pass()
    out.add_simplify_cfg_pass()
    return out


def object_file(llvm: Any, machine: Any, text: str, shared: bool = False) -> bytes:
    """The object file of some functions; `shared`: and of what all others call."""
    module = llvm.parse_assembly(INLINED + (SHARED if shared else DECLARED) + text + METADATA)
    module.verify()
    tuning = llvm.create_pipeline_tuning_options(speed_level=2)
    passes(llvm).run(module, llvm.create_pass_builder(machine, tuning))
    return bytes(machine.emit_object(module))


class Text:
    """The code of a program or a library, decoded where it was looked at."""

    def __init__(self, code: bytes, flush: bool) -> None:
        self.code, self.flush = code, flush
        self.starts = function_starts(_PLACE, code)
        self._known: dict[int, Instruction | None] = {}
        self._versions: Counter[int] = Counter()  # of the function at an address
        self._told: dict[int, set[int]] = {}  # by function, places where it was entered

    def fetch(self, address: int) -> Instruction | None:
        if address not in self._known:
            self._known[address] = self._decoded(address)
        return self._known[address]

    def _decoded(self, address: int) -> Instruction | None:
        at = address - _PLACE
        if not 0 <= at <= len(self.code) - 4 or at % 4:
            return None
        found = A64.decode(address, self.word(at))
        if found is not None and self.flush and found.row.floats and found.row.name not in FLUSHED:
            return None
        return found

    def word(self, at: int) -> int:
        (word,) = struct.unpack_from("<I", self.code, at)
        return int(word)

    def region(self, at: int, heat: Heat) -> Region | None:
        """The region around the place at an offset."""

        def warm(address: int) -> bool:
            return heat.at(address - _PLACE) >= _RARE

        known = warm if heat.figures else None
        place = _PLACE + at
        region = find_region(self.fetch, place, self.starts, known)
        if region is None:
            return None
        self._versions[region.head] += 1
        if self._versions[region.head] > _VERSIONS:
            region = find_region(self.fetch, place, (), known)
        if region is None:
            return None
        told = self._told.setdefault(region.head, set())
        told.add(place)
        return replace(region, jumped=region.jumped | told & region.code.keys())


class Service:
    """Answers requests, one after the other."""

    def __init__(self) -> None:
        self._llvm = load_binding()
        self._machine = target_machine(self._llvm)
        self._layout: NativeLayout | None = None
        self._features: Set[str] = frozenset()
        self._texts: dict[str, Text] = {}

    def layout(self, words: Words, _: bytes) -> None:
        """What the code is compiled for. No answer."""
        self._layout, self._features = NativeLayout(**words["layout"]), frozenset(words["features"])

    def text(self, words: Words, data: bytes) -> None:
        """A text, for requests that follow. No answer."""
        if len(self._texts) >= _TEXTS:
            self._texts.pop(next(iter(self._texts)))
        self._texts[words["text"]] = Text(data, words["flush"])

    def object(self, words: Words, data: bytes) -> tuple[Words, bytes]:
        """IR: its object file; with `shared` see object_file."""
        return {}, object_file(self._llvm, self._machine, data.decode(), bool(words.get("shared")))

    def region(self, words: Words, data: bytes) -> tuple[Words, bytes]:
        """The region around the place `at` of a text, with what is warm (context.Heat) and the registers that
        lay `apart` (lift): its object file, the page `base` to which its addresses are relative, its
        `entries`, the `spans` that it is made from, its `checks` and `links` (lift.Lifted). Without a text,
        `unknown`; without a region, the word that is in the way."""
        text = self._texts.get(words["text"])
        if text is None or self._layout is None:
            return {"unknown": True}, b""
        region = text.region(words["at"], Heat(data, words["first"]))
        if region is None:
            return {"uncovered": text.word(words["at"])}, b""
        lifted = lift(region, NAME, self._layout, self._features, text.flush, frozenset(words["apart"]))
        made = object_file(self._llvm, self._machine, lifted.text)
        entries = [entry - _PLACE for entry in region.entries]
        spans = [(start - _PLACE, len(held)) for start, held in region.spans]
        return {
            "base": region.base - _PLACE,
            "entries": entries,
            "spans": spans,
            "checks": lifted.checks,
            "links": [region.base + at - _PLACE for at in lifted.links],
        }, made


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Until there are no more."""
    service = Service()
    kinds = {
        "layout": service.layout,
        "text": service.text,
        "object": service.object,
        "region": service.region,
    }
    while (found := receive(requests)) is not None:
        words, data = found
        try:
            answer = kinds[words["ask"]](words, data)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}, b""
        if answer is not None:
            send(answers, *answer)


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
