# SPDX-License-Identifier: BSD-2-Clause
"""Hashes of the core: the interpreter's own stand on a library that is not packed."""

from elfhaven.abi import gp_crypto
from elfhaven.ta.operations import Digest

_BLOCKS = {"md5": 64, "sha1": 64, "sha224": 64, "sha256": 64, "sha384": 128, "sha512": 128}


class _Hash:
    def __init__(self, name, data=b""):
        self.name, self.block_size = name, _BLOCKS[name]
        self._digest = Digest(getattr(gp_crypto, "TEE_ALG_" + name.upper()))
        self.update(data)

    def update(self, data):
        self._digest.update(bytes(data))

    def digest(self):
        with self._digest.copy() as copy:
            return copy.finish()

    def hexdigest(self):
        return self.digest().hex()

    def copy(self):
        made = _Hash(self.name)
        made._digest.close()
        made._digest = self._digest.copy()
        return made


def new(name, data=b""):
    if name not in _BLOCKS:
        raise ValueError("unsupported hash type " + name)
    return _Hash(name, data)


def md5(data=b""):
    return _Hash("md5", data)


def sha1(data=b""):
    return _Hash("sha1", data)


def sha224(data=b""):
    return _Hash("sha224", data)


def sha256(data=b""):
    return _Hash("sha256", data)


def sha384(data=b""):
    return _Hash("sha384", data)


def sha512(data=b""):
    return _Hash("sha512", data)
