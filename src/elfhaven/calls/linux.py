# SPDX-License-Identifier: BSD-2-Clause
"""The table of Linux calls for arm64 (asm-generic numbers): every number that Linux defines has a row."""

from __future__ import annotations

from elfhaven.calls.linux_attributes import ATTRIBUTES
from elfhaven.calls.linux_data import DATA_ROWS
from elfhaven.calls.linux_files import FILES
from elfhaven.calls.linux_ipc import IPC
from elfhaven.calls.linux_process import MEMORY, PROCESS, TIME
from elfhaven.calls.linux_refused import REFUSED
from elfhaven.calls.linux_settings import IDENTITY, RESIDENCE, SETTINGS
from elfhaven.calls.linux_sockets import SOCKETS, WAITS
from elfhaven.calls.row import Row, Served, Table

_ABSENT = """
    futex_waitv:449 set_mempolicy_home_node:450 cachestat:451 map_shadow_stack:453 futex_wake:454
    futex_wait:455 futex_requeue:456 mseal:462 setxattrat:463 getxattrat:464 listxattrat:465
    removexattrat:466 file_getattr:468 file_setattr:469 rseq_slice_yield:471
"""


def _absent(word: str) -> Row:
    name, _, number = word.partition(":")
    return Row(int(number), name, Served.ABSENT, reason="not served yet")


LINUX = Table(
    "linux",
    tuple(
        sorted(
            (
                *FILES,
                *DATA_ROWS,
                *MEMORY,
                *TIME,
                *PROCESS,
                *IDENTITY,
                *SETTINGS,
                *RESIDENCE,
                *ATTRIBUTES,
                *IPC,
                *SOCKETS,
                *WAITS,
                *REFUSED,
                *map(_absent, _ABSENT.split()),
            ),
            key=lambda row: row.number,
        )
    ),
)
