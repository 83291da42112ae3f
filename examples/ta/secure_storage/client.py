# SPDX-License-Identifier: BSD-2-Clause
"""Stores a note; the next run finds it."""

from proto import READ, UUID, WRITE
from ta import SecureStorage

from elfhaven.client import Context, ItemNotFound, MemRef

if __name__ == "__main__":
    with Context(tas=[SecureStorage]) as tee, tee.open_session(UUID) as session:
        name = MemRef.input(b"note")
        try:
            print("found:", session.invoke(READ, name, MemRef.output(100))[1].decode())
        except ItemNotFound:
            session.invoke(WRITE, name, MemRef.input(b"remember the milk"))
            print("stored; run this again")
