# SPDX-License-Identifier: BSD-2-Clause
"""Counts through one TA with another."""

from proto import COUNT, UUID
from ta import Asking, Counter

from elfhaven.client import Context, Value

if __name__ == "__main__":
    with Context(tas=[Asking, Counter]) as tee, tee.open_session(UUID) as session:
        for _ in range(3):
            print(session.invoke(COUNT, Value.output())[0].a)
