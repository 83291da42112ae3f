# SPDX-License-Identifier: BSD-2-Clause
"""SHA-256; each session has a digest of its own."""

from proto import FINISH, UPDATE, UUID

from elfhaven.abi.gp_crypto import TEE_ALG_SHA256
from elfhaven.ta import Digest, MemrefOutput, Params, Session, TrustedApplication, command


class Sha256(TrustedApplication):
    uuid = UUID

    def open_session(self, session: Session, params: Params) -> None:
        session.state = Digest(TEE_ALG_SHA256)

    def close_session(self, session: Session) -> None:
        session.state.close()

    @command(UPDATE)
    def update(self, session: Session, data: bytes) -> None:
        session.state.update(data)

    @command(FINISH)
    def finish(self, session: Session, data: bytes, out: MemrefOutput) -> None:
        out.write(session.state.finish(data))
