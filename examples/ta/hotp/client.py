# SPDX-License-Identifier: BSD-2-Clause
"""Registers a key and shows the first passwords."""

from proto import PASSWORD, REGISTER, UUID
from ta import Hotp

from elfhaven.client import Context, MemRef, Value

if __name__ == "__main__":
    with Context(tas=[Hotp]) as tee, tee.open_session(UUID) as session:
        session.invoke(REGISTER, MemRef.input(b"12345678901234567890"))
        for _ in range(5):
            print(f"{session.invoke(PASSWORD, Value.output())[0].a:06}")
