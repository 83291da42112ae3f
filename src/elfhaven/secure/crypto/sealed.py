# SPDX-License-Identifier: BSD-2-Clause
"""Blobs in Storage, encrypted and authenticated with AES-256-GCM.

The key is HMAC-SHA256(TSK, object id) with the TSK of the owning TA, so a blob opens under its own name
alone. A rollback to an older blob of the same name is not noticed here.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import UUID

from elfhaven.abi.gp import TEE_ERROR_CORRUPT_OBJECT
from elfhaven.secure.config import Storage
from elfhaven.secure.crypto.huk import ta_storage_key
from elfhaven.secure.result import TeeResult

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_MAGIC = b"EHS1"
_NONCE = 12
_TAG = 16


class Sealed:
    """The blobs of one owner: a TA, or the core itself (uuid None)."""

    def __init__(
        self, storage: Storage, huk: bytes, random: Callable[[int], bytes], uuid: UUID | None = None
    ) -> None:
        self._storage = storage
        self._key = ta_storage_key(huk, uuid)
        self._random = random
        self._prefix = f"ta/{uuid.hex}/" if uuid else "core/"

    def name(self, object_id: str) -> str:
        """The name in Storage."""
        return self._prefix + object_id

    def get(self, object_id: str) -> bytes | None:
        """The content, None if there is no such blob; TeeResult CORRUPT_OBJECT if it does not
        authenticate."""
        from cryptography.exceptions import InvalidTag

        blob = self._storage.get(self.name(object_id))
        if blob is None:
            return None
        nonce = blob[len(_MAGIC) : len(_MAGIC) + _NONCE]
        if len(blob) < len(_MAGIC) + _NONCE + _TAG or not blob.startswith(_MAGIC):
            raise TeeResult(TEE_ERROR_CORRUPT_OBJECT)
        try:
            return self._cipher(object_id).decrypt(
                nonce, blob[len(_MAGIC) + _NONCE :], self._bound(object_id)
            )
        except InvalidTag:
            raise TeeResult(TEE_ERROR_CORRUPT_OBJECT) from None

    def put(self, object_id: str, content: bytes) -> None:
        nonce = self._random(_NONCE)
        body = self._cipher(object_id).encrypt(nonce, content, self._bound(object_id))
        self._storage.put(self.name(object_id), _MAGIC + nonce + body)

    def exists(self, object_id: str) -> bool:
        return self._storage.get(self.name(object_id)) is not None

    def delete(self, object_id: str) -> None:
        self._storage.delete(self.name(object_id))

    def _bound(self, object_id: str) -> bytes:
        return _MAGIC + self.name(object_id).encode()

    def _cipher(self, object_id: str) -> AESGCM:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(hmac.digest(self._key, object_id.encode(), "sha256"))
