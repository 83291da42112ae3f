# SPDX-License-Identifier: BSD-2-Clause
"""Encrypts a line and deciphers it again."""

from proto import CIPHER, PREPARE, SET_IV, UUID
from ta import Aes

from elfhaven.client import Context, MemRef, Session, Value


def cipher(session: Session, key: bytes, iv: bytes, data: bytes, encrypting: bool) -> bytes:
    session.invoke(PREPARE, MemRef.input(key), Value(int(encrypting)))
    session.invoke(SET_IV, MemRef.input(iv))
    return session.invoke(CIPHER, MemRef.input(data), MemRef.output(len(data)))[1]


if __name__ == "__main__":
    key, iv, text = bytes(16), bytes(16), b"a line of sixteen"[:16]
    with Context(tas=[Aes]) as tee:
        with tee.open_session(UUID) as session:
            secret = cipher(session, key, iv, text, True)
        with tee.open_session(UUID) as session:
            print(secret.hex(), cipher(session, key, iv, secret, False))
