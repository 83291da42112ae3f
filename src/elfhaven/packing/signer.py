# SPDX-License-Identifier: BSD-2-Clause
"""The key that signs a TA: one that the user names, the local development key, or OP-TEE's public default.

OP-TEE's default key pair is published with its sources, so that a stock image loads what anyone signs: it
protects nothing, and every use says so. Its private half is taken from the distribution's optee-os-dev when
asked for; the public half stands here.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from elfhaven.errors import PackageError
from elfhaven.image import keys

OPTEE_DEFAULT = "optee-default"
OPTEE_DEFAULT_PUBLIC = b"""\
-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAploYrcCzzuMMkCt9QJus
u1pJiEIKseCSwIaR5p7voOHxL5D2Zt3qFVrAKLSd31IMbqXGGUOsaajyX/5gAKXS
OswSAfNbugxRHCz0sHe51nI1HA9zzS8W+bqJhKCbv4tbf+iLi5/IceocbB8AoO7K
Pr8YjlebSGbri9RAUa6GoYb40Av6ti4lLgX/dgFG1z3rH3z83x6Ci16wyqPqFr4t
blRQnLhB7xfHf2BUqvlwoPiYLoL5jF/7nIiOd7Aycpka4ARevx2q9/AFPLSV3U26
OnGh+HKOHZjjE7rKsCe/h1lUJ/jo7MaFN9I6leSlCZrQH6OGsJLYAh4zddsmvyf8
NQIDAQAB
-----END PUBLIC KEY-----
"""
_WARNING = "signed with OP-TEE's public default key: it protects nothing, anyone can sign with it"
_SUITE, _ARCHITECTURE, _PACKAGE = "trixie", "arm64", "optee-os-dev"


@dataclass(frozen=True)
class Signer:
    """A key by its fingerprint; the private half is read when it is needed. `notes` are for the user."""

    fingerprint: str
    key: Callable[[], keys.PrivateKey]
    notes: tuple[str, ...] = ()


def signer(sign: str | Path | None = None, directory: Path | None = None) -> Signer:
    """The signer that `--sign` names: a PEM file, `optee-default`, or None for the local development key.

    Raises ImageError, StateError or PackageError.
    """
    if sign is None:
        return local_signer(directory)
    if str(sign) == OPTEE_DEFAULT:
        return _default_signer()
    key = keys.load(Path(sign))
    public = keys.fingerprint(key.public_key())
    return Signer(public, lambda: key, (_WARNING,) if public == _default_fingerprint() else ())


def local_signer(directory: Path | None = None) -> Signer:
    """The local development key, made at first use. Only its public half is read here: that is quick."""
    path = (directory or key_directory()) / "dev-key.pem"
    public = local_public(directory)
    return Signer(keys.fingerprint(public), lambda: keys.load(path))


def local_public(directory: Path | None = None) -> keys.PublicKey:
    """The local development key's public half, kept beside it; made again where it is older."""
    from cryptography.hazmat.primitives import serialization

    path = (directory or key_directory()) / "dev-key.pem"
    beside = path.with_suffix(".pub.pem")
    try:
        if beside.stat().st_mtime_ns >= path.stat().st_mtime_ns:
            return keys.load_public(beside)
    except FileNotFoundError:
        pass
    public = keys.load_or_generate(path).public_key()
    try:
        beside.write_bytes(
            public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        )
    except OSError:
        pass  # it only saves time
    return public


def default_public() -> keys.PublicKey:
    """OP-TEE's default key, its public half."""
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    key = load_pem_public_key(OPTEE_DEFAULT_PUBLIC)
    assert isinstance(key, rsa.RSAPublicKey)
    return key


def key_directory() -> Path:
    """Where the local development key lies."""
    root = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    return Path(root) / "elfhaven"


def _default_signer() -> Signer:
    return Signer(_default_fingerprint(), _default_key, (_WARNING,))


def _default_fingerprint() -> str:
    return keys.fingerprint(default_public())


def _default_key() -> keys.PrivateKey:
    from elfhaven.packages import fetch  # asked for seldom

    tree = fetch([_PACKAGE], suite=_SUITE, architecture=_ARCHITECTURE)
    for path in sorted(tree.glob("usr/lib/optee-os-dev/*/keys/default.pem")):
        key = keys.load(path)
        if keys.fingerprint(key.public_key()) == _default_fingerprint():
            return key
    raise PackageError(
        f"{_PACKAGE} of {_SUITE} holds no copy of OP-TEE's default key", "name a key with --sign"
    )
