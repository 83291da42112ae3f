# SPDX-License-Identifier: BSD-2-Clause
"""Keys of trusted storage. Every file has a random key (FEK), and in it that key under its owner's."""

from __future__ import annotations

import hashlib
import hmac
from uuid import UUID

from elfhaven.secure.crypto.huk import ta_storage_key

_CID_REVISION = 9  # product revision and checksum of an eMMC's identification may change with its firmware
_CID_CHECKSUM = 15


def crypt_fek(huk: bytes, owner: UUID | None, fek: bytes, *, encrypt: bool) -> bytes:
    """A FEK encrypted for its owner, or back. Without an owner the key is that of the core itself."""
    return _ecb(ta_storage_key(huk, owner), fek, encrypt)


def rpmb_key(huk: bytes, cid: bytes) -> bytes:
    """The key of an RPMB partition, in the form compatible with older OP-TEEs that is the default."""
    masked = bytearray(cid)
    masked[_CID_REVISION] = masked[_CID_CHECKSUM] = 0
    return hmac.digest(huk, bytes(masked), "sha256")


def crypt_rpmb_block(fek: bytes, block: int, data: bytes, *, encrypt: bool) -> bytes:
    """A block of an RPMB file: AES-CBC under the FEK; the IV is the block's number, encrypted (ESSIV)."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    number = (block & 0xFFFF).to_bytes(16, "little")
    iv = _ecb(hashlib.sha256(fek).digest()[:16], number, True)
    cipher = Cipher(algorithms.AES(fek), modes.CBC(iv))
    return (cipher.encryptor() if encrypt else cipher.decryptor()).update(data)


def _ecb(key: bytes, block: bytes, encrypt: bool) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    cipher = Cipher(algorithms.AES(key), modes.ECB())
    return (cipher.encryptor() if encrypt else cipher.decryptor()).update(block)
