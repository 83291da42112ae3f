# SPDX-License-Identifier: BSD-2-Clause
"""Shows the clocks; waits for a second, and cancels a wait of an hour."""

from proto import REE, SYSTEM, UUID, WAIT
from ta import Clocks

from elfhaven.client import Cancelled, Context, Value

if __name__ == "__main__":
    with Context(tas=[Clocks]) as tee, tee.open_session(UUID) as session:
        for name, command in (("system", SYSTEM), ("normal world", REE)):
            time = session.invoke(command, Value.output())[0]
            print(f"{name}: {time.a}.{time.b:03}")
        session.invoke(WAIT, Value(1000))
        try:
            session.invoke(WAIT, Value(3_600_000), timeout=0.5)
        except Cancelled:
            print("cancelled after half a second")
