# SPDX-License-Identifier: BSD-2-Clause
"""Where an engine keeps what compiled code needs of it (probes.py finds it). Without Unicorn, which takes
longer to load than many regions to compile."""

from __future__ import annotations

from dataclasses import dataclass

FPCR_FLUSH = 1 << 24  # FZ
FPCR_MODES = 0x07FF_9F00  # the bits that a CPU keeps; FZ16 on a newer one alone


@dataclass(frozen=True, slots=True)
class NativeLayout:
    """Offsets from x0. N is the sign of n, Z is set where z is 0, C is c, V is the sign of v (u32 each);
    fpcr is a u32; raised is a byte with the host's order of flags."""

    n: int
    z: int
    c: int
    v: int
    fpcr: int
    fpcr_length: int  # FPCR.Len, which is kept apart; so is Stride, behind it
    raised: int
    vectors: int
    stride: int
    thread_pointer: int
    saturated: int  # 128 bits: FPSR.QC is set where any of them is
    exclusive: int  # u64: the address that a load-exclusive met, or all ones; what it read lies behind
    zero_block: int  # no offset: what DCZID_EL0 gives at EL0
    atomics: bool  # whether the processor has FEAT_LSE

    def offset(self, register: str) -> int:
        """Of a register that the emitter knows by name (emitter.STATE)."""
        if register == "saturated":
            return self.saturated
        return self.exclusive + 8 * ("exclusive", "exclusive_low", "exclusive_high").index(register)
