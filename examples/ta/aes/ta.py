# SPDX-License-Identifier: BSD-2-Clause
"""AES in counter mode, for one key a session."""

from proto import CIPHER, PREPARE, SET_IV, UUID

from elfhaven.abi.gp_crypto import TEE_ALG_AES_CTR, TEE_TYPE_AES
from elfhaven.ta import BadState, Cipher, MemrefOutput, Session, TransientObject, TrustedApplication, command


class Aes(TrustedApplication):
    uuid = UUID

    @command(PREPARE)
    def prepare(self, session: Session, key: bytes, encrypting: int) -> None:
        with TransientObject.secret(TEE_TYPE_AES, key) as secret:
            session.state = Cipher(TEE_ALG_AES_CTR, bool(encrypting), secret)

    @command(SET_IV)
    def set_iv(self, session: Session, iv: bytes) -> None:
        self._cipher(session).init(iv)

    @command(CIPHER)
    def cipher(self, session: Session, data: bytes, out: MemrefOutput) -> None:
        out.write(self._cipher(session).update(data))

    def _cipher(self, session: Session) -> Cipher:
        if session.state is None:
            raise BadState("no key was given")
        return session.state

    def close_session(self, session: Session) -> None:
        if session.state is not None:
            session.state.close()
