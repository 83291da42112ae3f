# SPDX-License-Identifier: BSD-2-Clause
"""The checks of a stoppable program: at each place of loops.py it looks at a word that the host may set.

A check goes between a branch and where it leads, so all branches to one place share one:

    arrival   stp x16, x30, [sp, #-16]!     AArch64 Linux has no red zone: below sp is nobody's
              adrp x16, eh_stop
              ldr x16, [x16, :lo12:eh_stop]
              ldr w16, [x16]
              cbz w16, 1f                   no flag is touched
              bl eh_poll                    keeps everything
         1:   ldp x16, x30, [sp], #16
              b target                      or the `br` of the original

Where a register is written before it is read at the target, it takes the place of x16 and nothing is pushed.

    b, bl                 lead to the arrival: x30 is what it would be
    b.cond, cbz, tbz      lead there if they reach it; else to `inverse condition, b arrival, b next`
    blr                   becomes a bl to an arrival that ends with br
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from elfhaven.errors import ImageError
from elfhaven.image import a64
from elfhaven.image.loops import CheckSite
from elfhaven.image.stubs import StubArea

_PUSH_X16_X30: Final = 0xA9BF7BF0  # stp x16, x30, [sp, #-16]!
_POP_X16_X30: Final = 0xA8C17BF0  # ldp x16, x30, [sp], #16
_ADRP: Final = 0x90000000
_LDR_X: Final = 0xF9400000  # ldr Xt, [Xn, #imm]
_LDR_W: Final = 0xB9400000
_CBZ_W: Final = 0x34000000
_CBNZ_W: Final = 0x35000000
_CALL_TO_JUMP: Final = 1 << 21  # blr and br differ in this bit
ARRIVAL: Final = 36
VENEER: Final = 12


def size(sites: Sequence[CheckSite]) -> int:
    """The most bytes that the checks at `sites` take."""
    arrivals = len({_key(site) for site in sites})
    veneers = sum(_conditional(site.word) for site in sites)
    return ARRIVAL * arrivals + VENEER * veneers


def _key(site: CheckSite) -> tuple[str, int]:
    """Sites with the same key share an arrival; each `br` keeps one of its own, for branch prediction."""
    if site.target is not None:
        return "to", site.target
    return ("call", site.word) if a64.is_call(site.word) else ("jump", site.address)


def _conditional(word: int) -> bool:
    return a64.inverse(word) is not None


@dataclass
class Checks:
    """Lays checks into `area`. `poll`: the runtime's entry; `stop`: where its pointer to the word lies."""

    area: StubArea
    poll: int
    stop: int
    _arrivals: dict[tuple[str, int], int] = field(default_factory=dict)

    def rebind(self, base: int, sites: Sequence[CheckSite], patch: Callable[[int, int], None]) -> None:
        """Makes the checks of an image that lies at `base`; `patch(address in the image, word)` rewrites it.

        ImageError if a branch is too short.
        """
        self._arrivals.clear()
        try:
            for site in sites:
                patch(site.address, self._redirected(base, site))
        except ValueError as error:
            raise ImageError(
                f"{self.area.name}: {error}: a branch reaches 128 MiB",
                "make the image smaller, or leave `stoppable` out of the manifest",
            ) from error

    def _redirected(self, base: int, site: CheckSite) -> int:
        """The word that takes the place of a site's."""
        arrival = self._arrivals.get(_key(site))
        if arrival is None:
            arrival = self._arrivals[_key(site)] = self.area.end
            self._arrive(base, site)
        place = base + site.address
        if not _conditional(site.word):
            return a64.branch(place, arrival, link=a64.is_call(site.word))
        try:
            return a64.retarget(site.word, place, arrival)
        except ValueError:
            return self._veneer(site.word, place, arrival)

    def _veneer(self, word: int, place: int, arrival: int) -> int:
        area, inverse = self.area, a64.inverse(word)
        assert inverse is not None
        jump = a64.branch(place, area.end)
        area.emit(a64.retarget(inverse, 0, 8))
        area.emit(a64.branch(area.end, arrival))
        area.emit(a64.branch(area.end, place + 4))
        return jump

    def _arrive(self, base: int, site: CheckSite) -> None:
        if site.free is None:
            self.area.emit(_PUSH_X16_X30)
            self._look(16)
            self.area.emit(a64.retarget(_CBZ_W | 16, 0, 8))
            self.area.emit(a64.branch(self.area.end, self.poll, link=True))
            self.area.emit(_POP_X16_X30)
            self._go_on(base, site)
            return
        self._look(site.free)
        self.area.emit(a64.retarget(_CBNZ_W | site.free, 0, 8))
        self._go_on(base, site)
        self.area.emit(_PUSH_X16_X30)
        self.area.emit(a64.branch(self.area.end, self.poll, link=True))
        self.area.emit(_POP_X16_X30)
        self._go_on(base, site)

    def _look(self, register: int) -> None:
        """The word into a register."""
        pages = (self.stop >> 12) - (self.area.end >> 12)
        adrp = _ADRP | (pages & 3) << 29 | (pages >> 2 & 0x7FFFF) << 5 | register
        load = _LDR_X | (self.stop & 4095) // 8 << 10 | register << 5 | register
        self.area.emit(adrp, load, _LDR_W | register << 5 | register)

    def _go_on(self, base: int, site: CheckSite) -> None:
        if site.target is not None:
            self.area.emit(a64.branch(self.area.end, base + site.target))
        else:
            self.area.emit(site.word & ~_CALL_TO_JUMP)
