# SPDX-License-Identifier: BSD-2-Clause
"""HOTP (RFC 4226)."""

from proto import PASSWORD, REGISTER, UUID

from elfhaven.abi.gp_crypto import TEE_ALG_HMAC_SHA1, TEE_TYPE_HMAC_SHA1
from elfhaven.ta import BadState, Mac, Session, TransientObject, TrustedApplication, ValueOutput, command

DIGITS = 6


def truncated(mac: bytes) -> int:
    """Clause 5.3."""
    offset = mac[-1] & 15
    return int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFFFFFF


class Hotp(TrustedApplication):
    uuid = UUID

    @command(REGISTER)
    def register(self, session: Session, key: bytes) -> None:
        with TransientObject.secret(TEE_TYPE_HMAC_SHA1, key) as secret:
            session.state = [Mac(TEE_ALG_HMAC_SHA1, secret), 0]

    @command(PASSWORD)
    def password(self, session: Session, out: ValueOutput) -> None:
        if session.state is None:
            raise BadState("no key was registered")
        mac, counter = session.state
        session.state[1] += 1
        out.a = truncated(mac.compute(counter.to_bytes(8, "big"))) % 10**DIGITS
