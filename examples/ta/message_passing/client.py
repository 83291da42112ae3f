# SPDX-License-Identifier: BSD-2-Clause
"""Puts two texts, and asks for them."""

from proto import PASS, UUID, Get, Names, Put, decode, encode
from ta import MessagePassing

from elfhaven.client import Context, MemRef, Session

ROOM = 4096


def passed(session: Session, message: object) -> object:
    """The answer to a message."""
    return decode(session.invoke(PASS, MemRef.input(encode(message)), MemRef.output(ROOM))[1])


if __name__ == "__main__":
    with Context(tas=[MessagePassing]) as tee, tee.open_session(UUID) as session:
        for message in (Put("door", "left"), Put("key", "under the mat"), Names(), Get("key"), Get("roof")):
            print(message, "->", passed(session, message))
