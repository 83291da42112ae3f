# SPDX-License-Identifier: BSD-2-Clause
"""Does things with keys that it does not give out."""

import store
from proto import (
    AUTHENTICATION,
    CREATE,
    DECRYPT,
    ENCRYPT,
    ENCRYPTION,
    MAC,
    NAMES,
    PUBLIC,
    REMOVE,
    RENEW,
    SIGN,
    SIGNING,
    UUID,
)
from store import Name

from elfhaven.abi import gp_crypto as gp
from elfhaven.ta import (
    AuthenticatedCipher,
    BadFormat,
    Digest,
    Mac,
    MemrefOutput,
    Session,
    Signature,
    TrustedApplication,
    ValueOutput,
    command,
    random_bytes,
)

NONCE, TAG = 12, 16
HEAD = 1 + NONCE + TAG


def cipher(name: Name, version: int, nonce: bytes, *, encrypting: bool) -> AuthenticatedCipher:
    """The name and the version are bound to the text."""
    with store.opened(name, version) as key:
        made = AuthenticatedCipher(gp.TEE_ALG_AES_GCM, encrypting, key)
    made.init(nonce)
    made.update_aad(name.key(version))
    return made


class KeyService(TrustedApplication):
    uuid = UUID

    @command(CREATE)
    def create_key(self, session: Session, name: bytes, kind: int) -> None:
        store.create(Name.of(session.client, name), kind)

    @command(ENCRYPT)
    def encrypt(self, session: Session, name: bytes, text: bytes, out: MemrefOutput) -> None:
        key, nonce = Name.of(session.client, name), random_bytes(NONCE)
        version = store.look_up(key, ENCRYPTION)
        with cipher(key, version, nonce, encrypting=True) as running:
            made, tag = running.encrypt_final(text)
        out.write(bytes([version]) + nonce + tag + made)

    @command(DECRYPT)
    def decrypt(self, session: Session, name: bytes, data: bytes, out: MemrefOutput) -> None:
        key = Name.of(session.client, name)
        if len(data) < HEAD or data[0] > store.look_up(key, ENCRYPTION):
            raise BadFormat("this is nothing that ENCRYPT gave")
        with cipher(key, data[0], data[1 : 1 + NONCE], encrypting=False) as running:
            out.write(running.decrypt_final(data[HEAD:], data[1 + NONCE : HEAD]))

    @command(MAC)
    def mac(self, session: Session, name: bytes, message: bytes, out: MemrefOutput) -> None:
        key = Name.of(session.client, name)
        with (
            store.opened(key, store.look_up(key, AUTHENTICATION)) as secret,
            Mac(gp.TEE_ALG_HMAC_SHA256, secret) as running,
        ):
            out.write(running.compute(message))

    @command(SIGN)
    def sign(self, session: Session, name: bytes, message: bytes, out: MemrefOutput) -> None:
        key = Name.of(session.client, name)
        with (
            store.opened(key, store.look_up(key, SIGNING)) as pair,
            Digest(gp.TEE_ALG_SHA256) as digest,
            Signature(gp.TEE_ALG_ECDSA_SHA256, True, pair) as signing,
        ):
            out.write(signing.sign(digest.finish(message)))

    @command(PUBLIC)
    def public(self, session: Session, name: bytes, out: MemrefOutput) -> None:
        key = Name.of(session.client, name)
        ids = gp.TEE_ATTR_ECC_PUBLIC_VALUE_X, gp.TEE_ATTR_ECC_PUBLIC_VALUE_Y
        with store.opened(key, store.look_up(key, SIGNING)) as pair:
            out.write(b"".join(pair.attribute(id).rjust(32, b"\0") for id in ids))

    @command(RENEW)
    def renew(self, session: Session, name: bytes, out: ValueOutput) -> None:
        out.a = store.renew(Name.of(session.client, name))

    @command(REMOVE)
    def remove(self, session: Session, name: bytes) -> None:
        store.remove(Name.of(session.client, name))

    @command(NAMES)
    def names(self, session: Session, out: MemrefOutput) -> None:
        out.write(b"".join(name + b"\n" for name in sorted(store.names(session.client))))
