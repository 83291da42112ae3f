# SPDX-License-Identifier: BSD-2-Clause
"""What tells an older copy of all of REE-FS from the newest: a counter, or a hash in RPMB.

Debian's build of OP-TEE for QEMU has neither (no RPMB FS, and a platform without monotonic counter, which
CFG_INSECURE forgives): there, an older copy of the whole directory is taken for good.
"""

from __future__ import annotations

from typing import Protocol


class Anchor(Protocol):
    """Where the newest state of dirf.db is known. Errors are TeeResults."""

    def expected(self) -> tuple[bytes | None, int]:
        """The hash that its root must have, if there is one, and the least count of its commits."""
        ...

    def commit(self, root_hash: bytes, counter: int) -> None:
        """The state that holds from now on."""
        ...


class NoAnchor:
    """Any state that verifies is believed."""

    def expected(self) -> tuple[bytes | None, int]:
        return None, 0

    def commit(self, root_hash: bytes, counter: int) -> None:
        pass


class CounterAnchor:
    """A monotonic counter of the platform: nv_counter_get_ree_fs, nv_counter_incr_ree_fs_to."""

    def __init__(self, value: int = 0) -> None:
        self.value = value

    def expected(self) -> tuple[bytes | None, int]:
        return None, self.value

    def commit(self, root_hash: bytes, counter: int) -> None:
        self.value = max(self.value, counter)
