# SPDX-License-Identifier: BSD-2-Clause
"""Options of sockets that a program may set and read: the usual ones, none that reaches beyond its socket.

The runtime inside holds the same list; numbers are those of Linux, the same on arm64 and x86-64.
"""

from __future__ import annotations

from typing import Final

from elfhaven.abi import linux

SERVED: Final = {
    # SOL_SOCKET: REUSEADDR to KEEPALIVE, OOBINLINE, PRIORITY, LINGER, REUSEPORT, the LOWATs and TIMEOs,
    # ACCEPTCONN, PROTOCOL, DOMAIN
    1: frozenset((*range(2, 10), 10, 12, 13, 15, 18, 19, 20, 21, 30, 38, 39)),
    0: frozenset((1, 2, 10, 11, 14, 24)),  # IP: TOS, TTL, MTU_DISCOVER, RECVERR, MTU, BIND_ADDRESS_NO_PORT
    41: frozenset((16, 23, 24, 25, 26)),  # IPv6: UNICAST_HOPS, MTU_DISCOVER, MTU, RECVERR, V6ONLY
    6: frozenset((*range(1, 14), 18, 23, 25)),  # TCP: NODELAY to CONGESTION, USER_TIMEOUT, FASTOPEN
}


def served(level: int, option: int) -> None:
    """Raises OSError(ENOPROTOOPT) for an option that is not among them."""
    if option not in SERVED.get(level, frozenset()):
        raise OSError(linux.ERRNO["ENOPROTOOPT"], "not an option that is served")
