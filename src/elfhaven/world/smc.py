# SPDX-License-Identifier: BSD-2-Clause
"""The one entry into the secure world."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class SecureWorld(Protocol):
    """Whatever answers SMCs: our core, or a real one."""

    def smc(self, registers: Sequence[int]) -> tuple[int, int, int, int]:
        """One SMC with a0..a7, answered in a0..a3 (SMCCC; numbers in abi/smc.py).

        A yielding call comes back with an RPC (abi.smc.is_rpc(a0)) as often as the secure world needs the
        normal one; a3 then names the suspended thread and RETURN_FROM_RPC carries it back in a3. A suspended
        call must be resumed on the host thread that made it.
        """
        ...
