# SPDX-License-Identifier: BSD-2-Clause
"""Persistent objects that are open, of all TAs: one for all handles of an object; the rules of sharing."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING
from uuid import UUID

from elfhaven.abi.gp import (
    TEE_DATA_FLAG_ACCESS_READ,
    TEE_DATA_FLAG_ACCESS_WRITE,
    TEE_DATA_FLAG_ACCESS_WRITE_META,
    TEE_DATA_FLAG_OVERWRITE,
    TEE_DATA_FLAG_SHARE_READ,
    TEE_DATA_FLAG_SHARE_WRITE,
    TEE_ERROR_ACCESS_CONFLICT,
    TEE_ERROR_BAD_STATE,
)
from elfhaven.secure.result import TeeResult

if TYPE_CHECKING:
    from elfhaven.secure.storage.backend import Backend


CORE = UUID(int=0)


class Purpose(Enum):
    """What an object is asked for."""

    OPEN = auto()
    RENAME = auto()
    CREATE = auto()
    ENUMERATE = auto()


@dataclass(slots=True, eq=False)
class PersistentObject:
    """An object by its name. `usage` is that of its key, shared by all handles."""

    backend: Backend
    uuid: UUID  # whose it is; CORE: the core's own
    object_id: bytes
    flags: int = 0
    references: int = 1
    creating: bool = False
    usage: int = 0
    owner: bytes = field(init=False)

    def __post_init__(self) -> None:
        self.owner = self.uuid.bytes_le


class PersistentObjects:
    """All that are open."""

    def __init__(self) -> None:
        self._open: list[PersistentObject] = []

    def __len__(self) -> int:
        return sum(pobj.references for pobj in self._open)

    def get(
        self, backend: Backend, uuid: UUID, object_id: bytes, flags: int, purpose: Purpose
    ) -> PersistentObject:
        """The object, one reference more; ACCESS_CONFLICT by the rules of sharing."""
        for found in self._open:
            if found.object_id == object_id and found.uuid == uuid and found.backend is backend:
                if purpose is not Purpose.ENUMERATE:
                    _check(found, flags, purpose)
                found.references += 1
                return found
        made = PersistentObject(backend, uuid, object_id, flags, creating=purpose is Purpose.CREATE)
        self._open.append(made)
        return made

    def release(self, pobj: PersistentObject) -> None:
        """One reference less."""
        pobj.references -= 1
        if not pobj.references:
            self._open.remove(pobj)

    def rename(self, pobj: PersistentObject, object_id: bytes) -> None:
        """BAD_STATE where it is open more than once."""
        if pobj.references != 1:
            raise TeeResult(TEE_ERROR_BAD_STATE)
        pobj.object_id = object_id


def _check(found: PersistentObject, flags: int, purpose: Purpose) -> None:
    if found.creating or (purpose is Purpose.CREATE and not flags & TEE_DATA_FLAG_OVERWRITE):
        raise TeeResult(TEE_ERROR_ACCESS_CONFLICT)
    check_sharing(found.flags, flags)


def check_sharing(old: int, new: int) -> None:
    """The rules by which an object may be open twice (Internal Core API, clause 5.7.1)."""
    both, everyone = old | new, old & new
    share = TEE_DATA_FLAG_SHARE_READ | TEE_DATA_FLAG_SHARE_WRITE
    conflict = (
        bool(both & TEE_DATA_FLAG_ACCESS_WRITE_META)
        or old & share != new & share
        or (both & TEE_DATA_FLAG_ACCESS_READ and not everyone & TEE_DATA_FLAG_SHARE_READ)
        or (both & TEE_DATA_FLAG_ACCESS_WRITE and not everyone & TEE_DATA_FLAG_SHARE_WRITE)
    )
    if conflict:
        raise TeeResult(TEE_ERROR_ACCESS_CONFLICT)
