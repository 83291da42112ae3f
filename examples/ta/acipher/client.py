# SPDX-License-Identifier: BSD-2-Clause
"""Encrypts a line for the TA, and has it deciphered."""

from proto import DECRYPT, ENCRYPT, GENERATE, UUID
from ta import Acipher

from elfhaven.client import Context, MemRef, Value

if __name__ == "__main__":
    with Context(tas=[Acipher]) as tee, tee.open_session(UUID) as session:
        session.invoke(GENERATE, Value(1024))
        secret = session.invoke(ENCRYPT, MemRef.input(b"for the TA alone"), MemRef.output(128))[1]
        print(secret.hex()[:32], session.invoke(DECRYPT, MemRef.input(secret), MemRef.output(128))[1])
