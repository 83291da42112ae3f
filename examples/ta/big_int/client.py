# SPDX-License-Identifier: BSD-2-Clause
"""Looks for the first prime behind 2^100."""

from proto import IS_PRIME, UUID
from ta import BigInt

from elfhaven.client import Context, MemRef, Value

if __name__ == "__main__":
    with Context(tas=[BigInt]) as tee, tee.open_session(UUID) as session:
        number = 2**100 + 1
        while not session.invoke(IS_PRIME, MemRef.input(number.to_bytes(13, "big")), Value.output())[1].a:
            number += 2
        print(f"2^100 + {number - 2**100}")
