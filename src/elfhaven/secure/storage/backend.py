# SPDX-License-Identifier: BSD-2-Clause
"""What holds objects: REE-FS or the RPMB FS, with one face (OP-TEE's tee_file_operations)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from elfhaven.secure.storage.pobj import PersistentObject
    from elfhaven.secure.threads import Thread


class Backend(Protocol):
    """Handles and listings are the back end's own. Errors are TeeResults.

    Closing gives none; without a thread it is the end of the core, and the normal world is not told.
    """

    def open(self, thread: Thread, pobj: PersistentObject) -> Any:
        """A handle, with the `size` of the file."""
        ...

    def create(self, thread: Thread, pobj: PersistentObject, overwrite: bool, content: bytes) -> Any: ...

    def close(self, thread: Thread | None, handle: Any) -> None: ...

    def read(self, thread: Thread, handle: Any, position: int, size: int) -> bytes: ...

    def write(self, thread: Thread, handle: Any, position: int, data: bytes) -> None: ...

    def truncate(self, thread: Thread, handle: Any, length: int) -> None: ...

    def rename(self, thread: Thread, old: PersistentObject, new: PersistentObject) -> None: ...

    def remove(self, thread: Thread, pobj: PersistentObject) -> None: ...

    def listing(self, thread: Thread, owner: bytes) -> Any: ...

    def next(self, thread: Thread, listing: Any) -> bytes: ...

    def close_list(self, thread: Thread | None, listing: Any) -> None: ...
