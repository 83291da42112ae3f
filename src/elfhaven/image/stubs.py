# SPDX-License-Identifier: BSD-2-Clause
"""The code that stands in for rewritten instructions.

Each site becomes a branch to a stub of its own, which ends with a branch to the word after the site. A stub
for `svc #0` keeps x17 and x30 on the program's stack (AArch64 Linux has no red zone) and calls the runtime's
entry; the runtime keeps everything else.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

from elfhaven.errors import ImageError
from elfhaven.image import a64
from elfhaven.image.scan import Action, Rewrite, Sites

COUNTER_CALL = 0x1000  # pseudo call of the runtime: x0 = the counter

_PUSH_X17_X30 = 0xA9BF7BF1  # stp x17, x30, [sp, #-16]!
_POP_X17_X30 = 0xA8C17BF1  # ldp x17, x30, [sp], #16
_BEFORE_COUNTER = (
    0xD10083FF,  # sub sp, sp, #32
    0xA90023E0,  # stp x0, x8, [sp]
    0xD2800008 | COUNTER_CALL << 5,  # mov x8, #COUNTER_CALL
)
_AFTER_COUNTER = (
    0xF9000BE0,  # str x0, [sp, #16]
    0xA94023E0,  # ldp x0, x8, [sp]
)
_LOAD_RESULT = 0xF9400BE0  # ldr Xt, [sp, #16]
_POP_FRAME = 0x910083FF  # add sp, sp, #32

SVC_STUB = 16
_SIZES = {Action.COUNTER: 44, Action.CONSTANT: 12, Action.NOP: 0}


def size(sites: Sites) -> int:
    """Bytes of the stubs that `sites` need."""
    return SVC_STUB * len(sites.svc) + sum(_SIZES[rewrite.action] for rewrite in sites.rewrites)


@dataclass
class StubArea:
    """Stubs laid down one after the other from `address`; `sys_enter` is the runtime's entry."""

    name: str
    address: int
    sys_enter: int
    code: bytearray

    def rebind(self, base: int, sites: Sites, patch: Callable[[int, int], None]) -> None:
        """Makes the stubs of an image that lies at `base`; `patch(address in the image, word)` rewrites it.

        ImageError if a site is out of a branch's reach.
        """
        try:
            for site in sites.svc:
                patch(site.address, self._call(base + site.address))
            for rewrite in sites.rewrites:
                patch(rewrite.address, self._stand_in(rewrite, base + rewrite.address))
        except ValueError as error:
            raise ImageError(
                f"{self.name}: {error}: a branch reaches 128 MiB",
                "make the image smaller: move large data out of the executable segments",
            ) from error

    def _call(self, site: int) -> int:
        jump = a64.branch(site, self.end)
        self.emit(_PUSH_X17_X30)
        self.emit(a64.branch(self.end, self.sys_enter, link=True))
        self.emit(_POP_X17_X30)
        self.emit(a64.branch(self.end, site + 4))
        return jump

    def _stand_in(self, rewrite: Rewrite, site: int) -> int:
        if rewrite.action is Action.NOP:
            return a64.NOP
        jump = a64.branch(site, self.end)
        if rewrite.action is Action.CONSTANT:
            low, high = rewrite.value & 0xFFFF, rewrite.value >> 16
            self.emit(0xD2800000 | low << 5 | rewrite.register)  # movz
            self.emit(0xF2A00000 | high << 5 | rewrite.register)  # movk, lsl #16
        else:
            self._counter(rewrite.register)
        self.emit(a64.branch(self.end, site + 4))
        return jump

    def _counter(self, register: int) -> None:
        self.emit(*_BEFORE_COUNTER, _PUSH_X17_X30)
        self.emit(a64.branch(self.end, self.sys_enter, link=True))
        self.emit(_POP_X17_X30, *_AFTER_COUNTER, _LOAD_RESULT | register, _POP_FRAME)

    @property
    def end(self) -> int:
        """Where the next stub will lie."""
        return self.address + len(self.code)

    def emit(self, *words: int) -> None:
        self.code += struct.pack(f"<{len(words)}I", *words)
