# SPDX-License-Identifier: BSD-2-Clause
"""What tells an older copy of all of REE-FS from the newest: a counter, or a hash in RPMB.

Debian's build of OP-TEE for QEMU has neither (no RPMB FS, and a platform without monotonic counter, which
CFG_INSECURE forgives): there, an older copy of the whole directory is taken for good.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from elfhaven.abi.gp import TEE_ERROR_ITEM_NOT_FOUND
from elfhaven.secure.result import TeeResult
from elfhaven.secure.storage.pobj import CORE, PersistentObject

if TYPE_CHECKING:
    from elfhaven.secure.storage.rpmb_fs import Handle, RpmbFs
    from elfhaven.secure.threads import Thread

_HASH = 32
_NAME = b"/dirfile.db.hash"


class Anchor(Protocol):
    """Where the newest state of dirf.db is known. Errors are TeeResults."""

    def expected(self, thread: Thread) -> tuple[bytes | None, int]:
        """The hash that its root must have, if there is one, and the least count of its commits."""
        ...

    def commit(self, thread: Thread, root_hash: bytes, counter: int) -> None:
        """The state that holds from now on."""
        ...


class NoAnchor:
    """Any state that verifies is believed."""

    def expected(self, _thread: Thread) -> tuple[bytes | None, int]:
        return None, 0

    def commit(self, _thread: Thread, root_hash: bytes, counter: int) -> None:
        pass


class CounterAnchor:
    """A monotonic counter of the platform: nv_counter_get_ree_fs, nv_counter_incr_ree_fs_to."""

    def __init__(self, value: int = 0) -> None:
        self.value = value

    def expected(self, _thread: Thread) -> tuple[bytes | None, int]:
        return None, self.value

    def commit(self, _thread: Thread, root_hash: bytes, counter: int) -> None:
        self.value = max(self.value, counter)


class RpmbAnchor:
    """The hash of the root in a file of the RPMB FS (CFG_REE_FS_INTEGRITY_RPMB)."""

    def __init__(self, rpmb: RpmbFs) -> None:
        self._rpmb = rpmb
        self._file: Handle | None = None
        self._pobj = PersistentObject(rpmb, CORE, b"")

    def expected(self, thread: Thread) -> tuple[bytes | None, int]:
        try:
            self._file = self._rpmb.open_named(thread, self._pobj, _NAME)
        except TeeResult as error:
            if error.code != TEE_ERROR_ITEM_NOT_FOUND:
                raise
            self._file = self._rpmb.create_named(thread, self._pobj, _NAME)
            return None, 0
        data = self._rpmb.read(thread, self._file, 0, _HASH)
        return (data if len(data) == _HASH else None), 0

    def commit(self, thread: Thread, root_hash: bytes, counter: int) -> None:
        assert self._file is not None, "expected() comes first"
        self._rpmb.write(thread, self._file, 0, root_hash)
