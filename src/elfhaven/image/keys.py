# SPDX-License-Identifier: BSD-2-Clause
"""RSA keys that sign TAs.

The cryptography package is imported where a key is used: who runs what was packed elsewhere need not have it.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from elfhaven.errors import ImageError, StateError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

    PrivateKey = RSAPrivateKey
    PublicKey = RSAPublicKey

MIN_BITS = 2048  # GlobalPlatform and OP-TEE allow less; signing with less is refused here
MAX_BITS = 4096  # OP-TEE's CFG_CORE_BIGNUM_MAX_BITS


def load(path: Path) -> PrivateKey:
    """The private key in a PEM file; ImageError if it is none that can sign a TA."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = _parse(path, private=True)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ImageError(f"{path}: not an RSA key; TAs are signed with RSA", _fix(path))
    _check_size(path, key.key_size)
    return key


def load_public(path: Path) -> PublicKey:
    """The public key in a PEM file, or of the private key in it; ImageError as `load`."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = _parse(path, private=False)
    if isinstance(key, rsa.RSAPrivateKey):
        key = key.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise ImageError(f"{path}: not an RSA key; TAs are signed with RSA", _fix(path))
    _check_size(path, key.key_size)
    return key


def generate(path: Path) -> PrivateKey:
    """Makes a key of 2048 bits in a new file that its owner alone can read; StateError if it is there."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=MIN_BITS)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
        os.link(scratch, path)  # fails if the key is there; never shows half a key
    except OSError as error:
        raise StateError(f"{path}: cannot make the key: {error.strerror}") from error
    finally:
        scratch.unlink(missing_ok=True)
    return key


def load_or_generate(path: Path) -> PrivateKey:
    """The local development key: made at first use."""
    if not path.exists():
        try:
            return generate(path)
        except StateError:
            if not path.exists():  # else: another process was faster
                raise
    return load(path)


def fingerprint(key: PublicKey) -> str:
    """SHA-256 of the SubjectPublicKeyInfo, in hex."""
    from cryptography.hazmat.primitives import serialization

    info = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(info).hexdigest()


def _parse(path: Path, private: bool) -> object:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ImageError(f"{path}: cannot read the key: {error.strerror}", _fix(path)) from error
    try:
        if b"PUBLIC KEY-----" in raw:
            if private:
                raise ImageError(f"{path}: a public key; signing needs the private one", _fix(path))
            return serialization.load_pem_public_key(raw)
        return serialization.load_pem_private_key(raw, None)
    except TypeError as error:
        raise ImageError(f"{path}: the key is protected by a password", "store it without one") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ImageError(f"{path}: not a private key in PEM form", _fix(path)) from error


def _check_size(path: Path, bits: int) -> None:
    if not MIN_BITS <= bits <= MAX_BITS:
        raise ImageError(
            f"{path}: an RSA key of {bits} bits; OP-TEE signs with {MIN_BITS} to {MAX_BITS}", _fix(path)
        )


def _fix(path: Path) -> str:
    return f"make one: openssl genrsa -out {path.name} 2048"
