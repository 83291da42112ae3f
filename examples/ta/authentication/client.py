# SPDX-License-Identifier: BSD-2-Clause
"""Seals a line, opens it, and opens it changed."""

from proto import OPEN, SEAL, UUID
from ta import Authentication

from elfhaven.client import Context, MacInvalid, MemRef

if __name__ == "__main__":
    first, text = MemRef.input(bytes(12) + b"header"), b"a line of text"
    with Context(tas=[Authentication]) as tee, tee.open_session(UUID) as session:
        sealed = session.invoke(SEAL, first, MemRef.input(text), MemRef.output(len(text)), MemRef.output(16))
        made, tag = sealed[2:]
        for given in (made, bytes(len(made))):
            try:
                answer = session.invoke(
                    OPEN, first, MemRef.input(given), MemRef.input(tag), MemRef.output(len(text))
                )
                print(answer[3].decode())
            except MacInvalid as error:
                print(error.meaning)
