# SPDX-License-Identifier: BSD-2-Clause
"""The TA store: a TA's file from the normal world, copied once, then verified. Nothing of it is believed
before.

`ta_ver.db` keeps the highest version seen of each TA that has one; an older file is refused (anti-rollback).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from elfhaven.abi.gp import (
    TEE_ERROR_ACCESS_CONFLICT,
    TEE_ERROR_SECURITY,
    TEE_ERROR_STORAGE_NOT_AVAILABLE,
)
from elfhaven.errors import ElfhavenError, ImageError
from elfhaven.secure.config import CoreConfig
from elfhaven.secure.crypto.sealed import Sealed
from elfhaven.secure.result import TeeResult

_VERSIONS = "ta_ver.db"
_RECORD = struct.Struct("<16sI")


@dataclass(frozen=True, slots=True)
class VerifiedTa:
    """A TA whose hash and signature hold; `signer` is the fingerprint of the key."""

    uuid: UUID
    version: int
    elf: bytes
    digest: bytes  # the hash that was signed: names the file
    signer: str


class TaStore:
    """Verifies TA files under the core's trusted keys."""

    def __init__(self, config: CoreConfig, sealed: Sealed, log: Callable[[list[str]], None]) -> None:
        self._config = config
        self._sealed = sealed
        self._log = log

    def verify(self, uuid: UUID, data: bytes) -> VerifiedTa:
        """The TA in `data`, which must be `uuid`'s. TeeResult SECURITY where anything does not hold."""
        from elfhaven.image import ta as files  # late: it brings in the RSA code

        try:
            parsed = files.parse(data, str(uuid))
            signer = files.verify(parsed, self._config.trusted)
        except ImageError as error:
            self._log([f"E/TC:? 0 TA {uuid}: {error.cause}"])
            raise TeeResult(TEE_ERROR_SECURITY, error.cause) from None
        if parsed.uuid != uuid:
            raise TeeResult(TEE_ERROR_SECURITY, f"the file is of {parsed.uuid}")
        if parsed.ta_version:
            self._check_version(uuid, parsed.ta_version)
        return VerifiedTa(uuid, parsed.ta_version, parsed.image, parsed.signed.hash, signer)

    def _check_version(self, uuid: UUID, version: int) -> None:
        try:
            raw = self._sealed.get(_VERSIONS) or b""
            known = dict(_RECORD.iter_unpack(raw))
            if version < known.get(uuid.bytes, 0):
                raise TeeResult(TEE_ERROR_ACCESS_CONFLICT, f"version {version} is older than the last seen")
            if version > known.get(uuid.bytes, 0):
                known[uuid.bytes] = version
                self._sealed.put(_VERSIONS, b"".join(_RECORD.pack(*item) for item in sorted(known.items())))
        except ElfhavenError:
            raise TeeResult(TEE_ERROR_STORAGE_NOT_AVAILABLE) from None
