# SPDX-License-Identifier: BSD-2-Clause
"""The TA store: a TA's file from the normal world, copied once, then verified. Nothing of it is believed
before.

`ta_ver.db` and `subkey_ver.db` keep the highest version seen of each TA and subkey; an older one is refused
(anti-rollback).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from elfhaven.abi.gp import TEE_ERROR_SECURITY
from elfhaven.abi.ta_image import ImageType
from elfhaven.errors import ImageError
from elfhaven.secure.config import CoreConfig
from elfhaven.secure.crypto.huk import Usage, subkey
from elfhaven.secure.result import TeeResult

if TYPE_CHECKING:
    from elfhaven.image.keys import PublicKey
    from elfhaven.image.ta import TaFile

TA_VERSIONS, SUBKEY_VERSIONS = "ta_ver.db", "subkey_ver.db"
TA_KEY_SIZE = 32
_NIL = UUID(int=0)


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

    def __init__(
        self,
        config: CoreConfig,
        check_version: Callable[[str, UUID, int], None],
        log: Callable[[list[str]], None],
    ) -> None:
        self._config = config
        self._check_version = check_version
        self._log = log

    def verify(self, uuid: UUID, data: bytes) -> VerifiedTa:
        """The TA in `data`, which must be `uuid`'s. TeeResult SECURITY where anything does not hold."""
        from elfhaven.image import ta as files  # late: it brings in the RSA code

        try:
            parsed = self._decrypted(files.parse(data, str(uuid)))
            signer = files.verify(parsed, self._config.trusted)
        except ImageError as error:
            self._log([f"E/TC:? 0 TA {uuid}: {error.cause}"])
            raise TeeResult(TEE_ERROR_SECURITY, error.cause) from None
        if parsed.uuid not in (uuid, _NIL):
            raise TeeResult(TEE_ERROR_SECURITY, f"the file is of {parsed.uuid}")
        self._check_versions(uuid, parsed)
        return VerifiedTa(uuid, parsed.ta_version, parsed.image, parsed.signed.hash, signer)

    def bootstrap(self, data: bytes) -> VerifiedTa:
        """A plain TA signed by a trusted key itself, whatever its UUID; TeeResult SECURITY for all else."""
        from elfhaven.image import ta as files

        try:
            parsed = files.parse(data)
            signer = files.verify(parsed, self._config.trusted)
        except ImageError as error:
            raise TeeResult(TEE_ERROR_SECURITY, error.cause) from None
        if parsed.type is not ImageType.BOOTSTRAP_TA or parsed.subkeys:
            raise TeeResult(TEE_ERROR_SECURITY, "only a TA that a trusted key itself has signed is installed")
        return VerifiedTa(parsed.uuid, parsed.ta_version, parsed.image, parsed.signed.hash, signer)

    def _decrypted(self, file: TaFile) -> TaFile:
        """The file in the clear. Without a class-wide key the device's own stands for it."""
        from elfhaven.image import ta as files

        if file.encryption is None:
            return file
        key = self._config.class_key if file.encryption.class_wide else None
        keys = [key] if key else [ta_encryption_key(self._config.huk, k) for k in self._config.trusted]
        for key in keys[:-1]:
            try:
                return files.decrypted(file, key)
            except ImageError:
                continue
        return files.decrypted(file, keys[-1] if keys else bytes(TA_KEY_SIZE))

    def _check_versions(self, uuid: UUID, file: TaFile) -> None:
        for key in file.subkeys:
            try:
                self._check_version(SUBKEY_VERSIONS, key.uuid, key.version)
            except TeeResult as error:  # OP-TEE gives one result for all that is wrong with a subkey
                raise TeeResult(TEE_ERROR_SECURITY, str(error)) from None
        if file.uuid != _NIL:
            self._check_version(TA_VERSIONS, uuid, file.ta_version)


def ta_encryption_key(huk: bytes, trusted: PublicKey) -> bytes:
    """The device's key for encrypted TAs: derived from the modulus of the key that signs them."""
    modulus = trusted.public_numbers().n
    return subkey(huk, Usage.TA_ENC, modulus.to_bytes(trusted.key_size // 8, "big"), TA_KEY_SIZE)
