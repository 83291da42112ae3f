# SPDX-License-Identifier: BSD-2-Clause
"""RSA with PKCS #1 v1.5 padding; one pair a session."""

from proto import DECRYPT, ENCRYPT, GENERATE, SIZE, UUID

from elfhaven.abi.gp_crypto import TEE_ALG_RSAES_PKCS1_V1_5, TEE_TYPE_RSA_KEYPAIR
from elfhaven.ta import (
    AsymmetricCipher,
    BadState,
    MemrefOutput,
    Session,
    TransientObject,
    TrustedApplication,
    ValueOutput,
    command,
)


class Acipher(TrustedApplication):
    uuid = UUID

    @command(GENERATE)
    def generate(self, session: Session, bits: int) -> None:
        pair = TransientObject(TEE_TYPE_RSA_KEYPAIR, bits)
        pair.generate(bits)
        session.state = pair

    @command(SIZE)
    def size(self, session: Session, out: ValueOutput) -> None:
        out.a = self._pair(session).info.size // 8

    @command(ENCRYPT)
    def encrypt(self, session: Session, data: bytes, out: MemrefOutput) -> None:
        with AsymmetricCipher(TEE_ALG_RSAES_PKCS1_V1_5, True, self._pair(session)) as cipher:
            out.write(cipher.encrypt(data))

    @command(DECRYPT)
    def decrypt(self, session: Session, data: bytes, out: MemrefOutput) -> None:
        with AsymmetricCipher(TEE_ALG_RSAES_PKCS1_V1_5, False, self._pair(session)) as cipher:
            out.write(cipher.decrypt(data))

    def _pair(self, session: Session) -> TransientObject:
        if session.state is None:
            raise BadState("no pair was made")
        return session.state
