# SPDX-License-Identifier: BSD-2-Clause
"""Shows each failure as a client sees it."""

from proto import ADD, BUG, NOT_FOUND, UUID
from ta import ErrorHandling

from elfhaven.client import Context, TeeResultError, Value

if __name__ == "__main__":
    with Context(tas=[ErrorHandling]) as tee, tee.open_session(UUID) as session:
        for command, params in (
            (NOT_FOUND, ()),
            (ADD, (Value(1 << 31, 1 << 31), Value.output())),
            (ADD, ()),
            (BUG, ()),
        ):
            try:
                session.invoke(command, *params)
            except TeeResultError as error:
                print(f"{type(error).__name__:15} {error.name:28} {error.origin_name}: {error.meaning}")
        print("\n".join(["", "the console:", *tee.console]))
