# SPDX-License-Identifier: BSD-2-Clause
"""What the packer must rewrite in a program: its system calls, and the instructions that kill a TA.

OP-TEE runs a TA at EL0 with the counters, cache maintenance by address and CTR_EL0 trapped; Linux lets a
program use them. Each has a stand-in: a constant, a call to the runtime, or nothing at all (memory that a TA
executes never changes, so there is nothing to make coherent). `dc zva` stays: libraries ask DCZID_EL0 first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from elfhaven.errors import ImageError
from elfhaven.image import a64, loops
from elfhaven.image.classify import Classifier, Verdict
from elfhaven.image.flow import Tangled, Text
from elfhaven.image.loops import CheckSite
from elfhaven.image.reader import Elf
from elfhaven.image.switches import jump_targets

_CANDIDATES = re.compile(rb"[\xd4\xd5]")
_FIX = (
    "link it without -s and do not strip it: the mapping symbols ($x, $d) then tell code from data; or move"
    " the data out of the executable segment"
)


class Action(Enum):
    """What takes the instruction's place."""

    COUNTER = "counter"  # a stub that asks the runtime for the time
    CONSTANT = "constant"  # a stub that loads Rewrite.value
    NOP = "nop"


@dataclass(frozen=True, slots=True)
class SvcSite:
    """An `svc #0` at `address`; `call` is the constant in x8, None where it is computed."""

    address: int
    call: int | None


@dataclass(frozen=True, slots=True)
class Rewrite:
    """An instruction other than svc that gets a stand-in; `register` is its Xt (31: none)."""

    address: int
    name: str
    action: Action
    register: int = 31
    value: int = 0


@dataclass(frozen=True, slots=True)
class Sites:
    """All that is rewritten in one ELF, ascending by address, and what a user may want to know."""

    svc: tuple[SvcSite, ...]
    rewrites: tuple[Rewrite, ...]
    notes: tuple[str, ...]
    checks: tuple[CheckSite, ...] = ()  # of a stoppable program
    unchecked: tuple[int, ...] = ()  # addresses of what may be code that would have one

    @property
    def calls(self) -> tuple[int, ...]:
        """Numbers of the Linux calls that some site makes with a constant."""
        return tuple(sorted({site.call for site in self.svc if site.call is not None}))

    @property
    def computed_calls(self) -> int:
        """Sites whose call number is not a constant near them: they can make any call."""
        return sum(site.call is None for site in self.svc)


@dataclass(frozen=True, slots=True)
class _Killer:
    mask: int
    word: int
    name: str
    action: Action
    value: int = 0


CTR_EL0 = 0x84448004  # 64-byte lines, IDC and DIC clear
CNTFRQ_EL0 = 62_500_000

_MRS = 0xFFFFFFE0
_KILLERS = (
    _Killer(_MRS, 0xD53B0020, "mrs ctr_el0", Action.CONSTANT, CTR_EL0),
    _Killer(_MRS, 0xD53BE000, "mrs cntfrq_el0", Action.CONSTANT, CNTFRQ_EL0),
    _Killer(_MRS, 0xD53BE020, "mrs cntpct_el0", Action.COUNTER),
    _Killer(_MRS, 0xD53BE040, "mrs cntvct_el0", Action.COUNTER),
    _Killer(_MRS, 0xD53BE0A0, "mrs cntpctss_el0", Action.COUNTER),
    _Killer(_MRS, 0xD53BE0C0, "mrs cntvctss_el0", Action.COUNTER),
    _Killer(_MRS, 0xD50B7520, "ic ivau", Action.NOP),
    _Killer(_MRS, 0xD50B7A20, "dc cvac", Action.NOP),
    _Killer(_MRS, 0xD50B7B20, "dc cvau", Action.NOP),
    _Killer(_MRS, 0xD50B7C20, "dc cvap", Action.NOP),
    _Killer(_MRS, 0xD50B7D20, "dc cvadp", Action.NOP),
    _Killer(_MRS, 0xD50B7E20, "dc civac", Action.NOP),
    _Killer(0xFFFFFFFF, 0xD503205F, "wfe", Action.NOP),
    _Killer(0xFFFFFFFF, 0xD503207F, "wfi", Action.NOP),
)
_LEFT = (  # kills a TA if it runs; named in the notes
    (0xFFE0001F, 0xD4000001, "svc with another immediate"),
    (0xFFE0001F, 0xD4000002, "hvc"),
    (0xFFE0001F, 0xD4000003, "smc"),
    (0xFFFFF000, 0xD5380000, "mrs of an identification register"),
)


def sites(elf: Elf, stoppable: bool = False, lenient: bool = False) -> Sites:
    """What to rewrite in `elf`; ImageError names the place of a candidate that may be code or data.

    `stoppable` adds the places where a loop or a recursion is to look whether it shall end; with `lenient`
    those that may be data are left as they are.
    """
    try:
        texts = _texts(elf)
        found = _sites(elf, texts)
        if not stoppable:
            return found
        checks, left = loops.find(elf, texts, lenient)
        return replace(found, checks=checks, unchecked=left)
    except Tangled as error:
        raise ImageError(f"{elf.name}: its branches are too tangled to tell code from data", _FIX) from error


def _sites(elf: Elf, texts: Sequence[Text]) -> Sites:
    classifier = Classifier(elf)
    svc: list[SvcSite] = []
    rewrites: list[Rewrite] = []
    left: dict[str, list[int]] = {}
    for text, index in _candidates(texts):
        word, address = text.words[index], text.address(index)
        if word == a64.SVC_0:
            if _is_code(classifier, text, index, "svc #0"):
                svc.append(SvcSite(address, text.constant_before(index)))
        elif (killer := _killer(word)) is not None:
            if _is_code(classifier, text, index, killer.name):
                rewrites.append(_rewrite(killer, word, address))
        elif (name := _left(word)) and classifier.verdict(text, index) is Verdict.CODE:
            left.setdefault(name, []).append(address)
    notes = tuple(f"{name} at {_places(found)}: kills the TA if it runs" for name, found in left.items())
    return Sites(tuple(svc), tuple(rewrites), notes)


def _texts(elf: Elf) -> list[Text]:
    """The executable segments, with the jump tables of their switches."""
    found = []
    for load in elf.loads:
        if load.executable:
            pad = -load.address % 4
            text = Text(load.address + pad, elf.data[load.offset + pad : load.offset + load.file_size])
            text.switches = jump_targets(elf, text)
            found.append(text)
    return found


def _candidates(texts: Sequence[Text]) -> Iterator[tuple[Text, int]]:
    for text in texts:
        for index in text.find_tops(_CANDIDATES):
            yield text, index


def _is_code(classifier: Classifier, text: Text, index: int, name: str) -> bool:
    verdict = classifier.verdict(text, index)
    if verdict is Verdict.UNKNOWN:
        address = text.address(index)
        offset = classifier.elf.offset_of(address)
        raise ImageError(
            f"{classifier.elf.name}: the word {text.words[index]:#010x} at address {address:#x} (file offset"
            f" {offset:#x}) may be the instruction `{name}` or data, and nothing in the file says which",
            _FIX,
        )
    return verdict is Verdict.CODE


def _killer(word: int) -> _Killer | None:
    return next((killer for killer in _KILLERS if word & killer.mask == killer.word), None)


def _left(word: int) -> str | None:
    return next((name for mask, value, name in _LEFT if word & mask == value), None)


def _rewrite(killer: _Killer, word: int, address: int) -> Rewrite:
    register = word & 31 if killer.mask == _MRS else 31
    reads = killer.action in (Action.CONSTANT, Action.COUNTER)
    action = Action.NOP if reads and register == 31 else killer.action
    return Rewrite(address, killer.name, action, register, killer.value)


def _places(addresses: list[int]) -> str:
    shown = ", ".join(f"{address:#x}" for address in addresses[:4])
    return shown + (f" and {len(addresses) - 4} more" if len(addresses) > 4 else "")
