# SPDX-License-Identifier: BSD-2-Clause
"""Ciphers, authenticated encryption, asymmetric ciphers and signatures (clauses 6.4, 6.6 and 6.7).

The core takes whole blocks alone, so what does not fill one waits here for more, as in libutee.
"""

from __future__ import annotations

from elfhaven.abi import gp_crypto as alg
from elfhaven.ta.objects import Attribute, ObjectHandle, packed
from elfhaven.ta.operations import Operation, with_room
from elfhaven.ta.system import Cell, Out, current, pieces
from elfhaven.tee_errors import BadState

_BLOCK = 16
_DES_BLOCK = 8
_DES = (0x11, 0x13)  # the main algorithms, in the low byte
_STEALING = (alg.TEE_ALG_AES_CTS, alg.TEE_ALG_AES_XTS, alg.TEE_ALG_SM4_XTS)
_KEY_ROOM = 1024  # bytes of the longest signature or block of a key


class _Blocks:
    """Bytes that wait. The last `kept` bytes or more stay back until the end."""

    def __init__(self, block: int, kept: int) -> None:
        self._block, self._kept = block, kept
        self._waiting = b""

    def take(self, data: bytes) -> bytes:
        """Whole blocks that can go on."""
        self._waiting += data
        ready = max(0, len(self._waiting) - self._kept) // self._block * self._block
        out, self._waiting = self._waiting[:ready], self._waiting[ready:]
        return out

    def rest(self) -> bytes:
        out, self._waiting = self._waiting, b""
        return out


class Cipher(Operation):
    """`encrypting` or deciphering; XTS takes two keys. Begins with init()."""

    def __init__(
        self, algorithm: int, encrypting: bool, key: ObjectHandle, key2: ObjectHandle | None = None
    ) -> None:
        mode = alg.TEE_MODE_ENCRYPT if encrypting else alg.TEE_MODE_DECRYPT
        super().__init__(algorithm, mode, key, key2)
        self._block = _DES_BLOCK if algorithm & 0xFF in _DES else _BLOCK

    def reset(self) -> None:
        """Before more, init() must come."""
        self._blocks = _Blocks(self._block, 0)

    def init(self, iv: bytes = b"") -> None:
        """TEE_CipherInit; also to begin anew."""
        current().call("cipher_init", self.handle, iv, len(iv))
        self._blocks = _Blocks(self._block, 2 * self._block if self.algorithm in _STEALING else 0)

    def update(self, data: bytes) -> bytes:
        """What whole blocks make (TEE_CipherUpdate)."""
        ready = self._blocks.take(data)
        return b"".join(self._piece("cipher_update", piece) for piece in pieces(ready)) if ready else b""

    def _piece(self, name: str, data: bytes) -> bytes:
        return with_room(name, (self.handle, data, len(data)), len(data))

    def finish(self, data: bytes = b"") -> bytes:
        """The last of it (TEE_CipherDoFinal); init() comes before more."""
        made = self.update(data)
        rest = self._blocks.rest()
        return made + (self._piece("cipher_final", rest) if rest else b"")

    def copy_from(self, source: Cipher) -> None:
        """The state of another one (TEE_CopyOperation)."""
        self._copy_state(source)
        self._blocks = _Blocks(self._block, source._blocks._kept)
        self._blocks._waiting = source._blocks._waiting


class AuthenticatedCipher(Operation):
    """AES-GCM and AES-CCM. Begins with init()."""

    def __init__(self, algorithm: int, encrypting: bool, key: ObjectHandle) -> None:
        mode = alg.TEE_MODE_ENCRYPT if encrypting else alg.TEE_MODE_DECRYPT
        super().__init__(algorithm, mode, key)

    def init(self, nonce: bytes, tag_bits: int = 128, aad_size: int = 0, payload_size: int = 0) -> None:
        """TEE_AEInit; CCM needs the two sizes, in bytes."""
        current().call("authenc_init", self.handle, nonce, len(nonce), tag_bits // 8, aad_size, payload_size)
        self._tag_size = tag_bits // 8
        self._blocks = _Blocks(_BLOCK, 0)

    def update_aad(self, data: bytes) -> None:
        """TEE_AEUpdateAAD."""
        for piece in pieces(data):
            current().call("authenc_update_aad", self.handle, piece, len(piece))

    def update(self, data: bytes) -> bytes:
        """TEE_AEUpdate."""
        ready = self._blocks.take(data)
        return b"".join(
            with_room("authenc_update_payload", (self.handle, piece, len(piece)), len(piece))
            for piece in (pieces(ready) if ready else ())
        )

    def encrypt_final(self, data: bytes = b"") -> tuple[bytes, bytes]:
        """The last of the ciphertext, and the tag (TEE_AEEncryptFinal)."""
        made, rest = self.update(data), self._blocks.rest()
        tag, tag_size = Out(self._tag_size), Cell(self._tag_size)
        last = with_room(
            "authenc_enc_final", (self.handle, rest, len(rest)), len(rest) or _BLOCK, (tag, tag_size)
        )
        return made + last[: len(rest)], tag.data[: tag_size.value]

    def decrypt_final(self, data: bytes, tag: bytes) -> bytes:
        """The last of the plaintext; MacInvalid unless the tag holds (TEE_AEDecryptFinal)."""
        made, rest = self.update(data), self._blocks.rest()
        last = with_room(
            "authenc_dec_final", (self.handle, rest, len(rest)), len(rest) or _BLOCK, (tag, len(tag))
        )
        return made + last[: len(rest)]


class AsymmetricCipher(Operation):
    """RSA and SM2."""

    def __init__(self, algorithm: int, encrypting: bool, key: ObjectHandle) -> None:
        mode = alg.TEE_MODE_ENCRYPT if encrypting else alg.TEE_MODE_DECRYPT
        super().__init__(algorithm, mode, key)

    def encrypt(self, data: bytes, *attributes: Attribute) -> bytes:
        """TEE_AsymmetricEncrypt."""
        return self._operate(data, attributes, alg.TEE_MODE_ENCRYPT)

    def decrypt(self, data: bytes, *attributes: Attribute) -> bytes:
        """TEE_AsymmetricDecrypt. CiphertextInvalid."""
        return self._operate(data, attributes, alg.TEE_MODE_DECRYPT)

    def _operate(self, data: bytes, attributes: tuple[Attribute, ...], mode: int) -> bytes:
        if mode != self.mode:
            raise BadState("the operation was made for the other direction")
        return operate(self.handle, attributes, data)


class Signature(Operation):
    """RSA, DSA, ECDSA, Ed25519 and SM2; digests are signed, but for Ed25519, which signs messages."""

    def __init__(self, algorithm: int, signing: bool, key: ObjectHandle) -> None:
        super().__init__(algorithm, alg.TEE_MODE_SIGN if signing else alg.TEE_MODE_VERIFY, key)

    def sign(self, digest: bytes, *attributes: Attribute) -> bytes:
        """TEE_AsymmetricSignDigest."""
        return operate(self.handle, attributes, digest)

    def verify(self, digest: bytes, signature: bytes, *attributes: Attribute) -> None:
        """SignatureInvalid unless it holds (TEE_AsymmetricVerifyDigest)."""
        current().call(
            "asymm_verify",
            self.handle,
            packed(attributes),
            len(attributes),
            digest,
            len(digest),
            signature,
            len(signature),
        )


def operate(handle: int, attributes: tuple[Attribute, ...], data: bytes) -> bytes:
    before = (handle, packed(attributes), len(attributes), data, len(data))
    return with_room("asymm_operate", before, _KEY_ROOM + len(data))
