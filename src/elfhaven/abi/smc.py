# SPDX-License-Identifier: BSD-2-Clause
"""SMC function identifiers and return values of OP-TEE (SMC Calling Convention, trusted OS range 50)."""

from __future__ import annotations

from typing import Final

_FAST: Final = 0xB2000000  # fast call, 32-bit, owner 50
_YIELD: Final = 0x32000000

CALLS_COUNT: Final = 0xBF00FF00
CALLS_UID: Final = 0xBF00FF01
CALLS_REVISION: Final = 0xBF00FF03
GET_OS_UUID: Final = _FAST | 0
GET_OS_REVISION: Final = _FAST | 1
GET_SHM_CONFIG: Final = _FAST | 7
EXCHANGE_CAPABILITIES: Final = _FAST | 9
DISABLE_SHM_CACHE: Final = _FAST | 10
ENABLE_SHM_CACHE: Final = _FAST | 11
GET_THREAD_COUNT: Final = _FAST | 15
RETURN_FROM_RPC: Final = _YIELD | 3
CALL_WITH_ARG: Final = _YIELD | 4
CALL_WITH_RPC_ARG: Final = _YIELD | 18
CALL_WITH_REGD_ARG: Final = _YIELD | 19

UID: Final = "384fb3e0-e7f8-11e3-af63-0002a5d5c51b"
OS_UUID: Final = "486178e0-e7f8-11e3-bc5e-0002a5d5c51b"
REVISION: Final = (2, 0)

RETURN_OK: Final = 0x0
RETURN_ETHREAD_LIMIT: Final = 0x1
RETURN_EBUSY: Final = 0x2
RETURN_ERESUME: Final = 0x3
RETURN_EBADADDR: Final = 0x4
RETURN_EBADCMD: Final = 0x5
RETURN_ENOMEM: Final = 0x6
RETURN_ENOTAVAIL: Final = 0x7
RETURN_UNKNOWN_FUNCTION: Final = 0xFFFFFFFF

RPC_PREFIX: Final = 0xFFFF0000
RPC_PREFIX_MASK: Final = 0xFFFF0000
RPC_ALLOC: Final = RPC_PREFIX | 0  # a1 bytes wanted -> a1:a2 address, a4:a5 cookie
RPC_FREE: Final = RPC_PREFIX | 2  # a1:a2 cookie
RPC_FOREIGN_INTR: Final = RPC_PREFIX | 4
RPC_CMD: Final = RPC_PREFIX | 5  # a1:a2 cookie of the optee_msg_arg

SEC_CAP_HAVE_RESERVED_SHM: Final = 1 << 0
SEC_CAP_UNREGISTERED_SHM: Final = 1 << 1
SEC_CAP_DYNAMIC_SHM: Final = 1 << 2
SEC_CAP_VIRTUALIZATION: Final = 1 << 3
SEC_CAP_MEMREF_NULL: Final = 1 << 4
SEC_CAP_ASYNC_NOTIF: Final = 1 << 5
SEC_CAP_RPC_ARG: Final = 1 << 6


def is_rpc(a0: int) -> bool:
    """Whether the a0 of a yielding call's return asks for an RPC (RETURN_UNKNOWN_FUNCTION does not)."""
    return a0 & RPC_PREFIX_MASK == RPC_PREFIX and a0 != RETURN_UNKNOWN_FUNCTION


def pair(high: int, low: int) -> int:
    """A 64-bit number from two 32-bit registers."""
    return (high & 0xFFFFFFFF) << 32 | low & 0xFFFFFFFF


def split(value: int) -> tuple[int, int]:
    """Two 32-bit registers, high first."""
    return value >> 32 & 0xFFFFFFFF, value & 0xFFFFFFFF
