# SPDX-License-Identifier: BSD-2-Clause
"""Keeps a secret on a shelf that it does not trust."""

from proto import KEEP, LOAD, PLUGIN, SAVE, TELL, UUID

from elfhaven.abi.gp_crypto import TEE_ALG_AES_GCM, TEE_TYPE_AES
from elfhaven.ta import (
    AuthenticatedCipher,
    MemrefOutput,
    SecurityViolation,
    TransientObject,
    TrustedApplication,
    call_plugin,
    command,
    random_bytes,
    unique_key,
)

LARGEST = 1024
NONCE, TAG = 12, 16


class SuppPlugin(TrustedApplication):
    uuid = UUID

    def create(self) -> None:
        self.key = TransientObject.secret(TEE_TYPE_AES, unique_key())

    @command(KEEP)
    def keep(self, secret: bytes) -> None:
        nonce = random_bytes(NONCE)
        with AuthenticatedCipher(TEE_ALG_AES_GCM, True, self.key) as cipher:
            cipher.init(nonce)
            made, tag = cipher.encrypt_final(secret)
        call_plugin(PLUGIN, SAVE, 0, nonce + tag + made)

    @command(TELL)
    def tell(self, out: MemrefOutput) -> None:
        found = call_plugin(PLUGIN, LOAD, 0, bytes(LARGEST))
        if len(found) < NONCE + TAG:
            raise SecurityViolation("what the plugin gives is too short")
        nonce, tag, sealed = found[:NONCE], found[NONCE : NONCE + TAG], found[NONCE + TAG :]
        with AuthenticatedCipher(TEE_ALG_AES_GCM, False, self.key) as cipher:
            cipher.init(nonce)
            out.write(cipher.decrypt_final(sealed, tag))
