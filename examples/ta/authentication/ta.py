# SPDX-License-Identifier: BSD-2-Clause
"""AES-GCM under a key that the TA makes and keeps."""

from proto import NONCE, OPEN, SEAL, UUID

from elfhaven.abi.gp_crypto import TEE_ALG_AES_GCM, TEE_TYPE_AES
from elfhaven.ta import AuthenticatedCipher, MemrefOutput, TransientObject, TrustedApplication, command


class Authentication(TrustedApplication):
    uuid = UUID

    def create(self) -> None:
        self.key = TransientObject(TEE_TYPE_AES, 256)
        self.key.generate(256)

    def _cipher(self, encrypting: bool, first: bytes) -> AuthenticatedCipher:
        cipher = AuthenticatedCipher(TEE_ALG_AES_GCM, encrypting, self.key)
        cipher.init(first[:NONCE])
        cipher.update_aad(first[NONCE:])
        return cipher

    @command(SEAL)
    def seal(self, first: bytes, data: bytes, out: MemrefOutput, tag: MemrefOutput) -> None:
        with self._cipher(True, first) as cipher:
            made, mark = cipher.encrypt_final(data)
            out.write(made)
            tag.write(mark)

    @command(OPEN)
    def open(self, first: bytes, data: bytes, tag: bytes, out: MemrefOutput) -> None:
        with self._cipher(False, first) as cipher:
            out.write(cipher.decrypt_final(data, tag))
