# SPDX-License-Identifier: BSD-2-Clause
"""Encrypts, renews the key, and opens the old text."""

from proto import CREATE, DECRYPT, ENCRYPT, ENCRYPTION, NAMES, RENEW, UUID
from ta import KeyService

from elfhaven.client import AccessConflict, Context, Login, MemRef, Session, Value


class Keys:
    """The service for people's programs. Sessions of another login see other keys."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def create(self, name: str, kind: int) -> None:
        self.session.invoke(CREATE, MemRef.input(name.encode()), Value(kind))

    def with_room(self, command: int, name: str, data: bytes, room: int) -> bytes:
        """ENCRYPT, DECRYPT, MAC or SIGN."""
        parameters = MemRef.input(name.encode()), MemRef.input(data), MemRef.output(room)
        return self.session.invoke(command, *parameters)[2]

    def encrypt(self, name: str, text: bytes) -> bytes:
        return self.with_room(ENCRYPT, name, text, len(text) + 64)

    def decrypt(self, name: str, data: bytes) -> bytes:
        return self.with_room(DECRYPT, name, data, len(data))

    def renew(self, name: str) -> int:
        return self.session.invoke(RENEW, MemRef.input(name.encode()), Value.output())[1].a

    def names(self) -> list[str]:
        return self.session.invoke(NAMES, MemRef.output(4096))[0].decode().splitlines()


if __name__ == "__main__":
    with Context(tas=[KeyService]) as tee, tee.open_session(UUID, login=Login.USER) as session:
        keys = Keys(session)
        try:
            keys.create("letters", ENCRYPTION)
        except AccessConflict:
            print("the key is there already")
        letter = keys.encrypt("letters", b"Dear reader")
        print("encrypted:", letter.hex())
        print("newest version:", keys.renew("letters"))
        print("opened:", keys.decrypt("letters", letter).decode())
