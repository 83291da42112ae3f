# SPDX-License-Identifier: BSD-2-Clause
"""Shows all properties."""

from proto import NAMES, READ, UUID
from ta import Property

from elfhaven.client import Context, MemRef, Value

if __name__ == "__main__":
    with Context(tas=[Property]) as tee, tee.open_session(UUID) as session:
        for group in range(3):
            for name in session.invoke(NAMES, Value(group), MemRef.output(4000))[1].split(b"\n"):
                text = session.invoke(READ, Value(group), MemRef.input(name), MemRef.output(1000))[2]
                print(f"{name.decode():55} {text.decode()}")
