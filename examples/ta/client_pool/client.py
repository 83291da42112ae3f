# SPDX-License-Identifier: BSD-2-Clause
"""Twelve calls by four threads in two sessions."""

from concurrent.futures import ThreadPoolExecutor

from proto import UUID, WORK
from ta import Slow

from elfhaven.client import Context, SessionPool, Value


def calls(tee: Context, threads: int, sessions: int, count: int) -> list[int]:
    """What the sessions counted."""
    with SessionPool(tee, UUID, sessions) as pool, ThreadPoolExecutor(threads) as workers:

        def work(_: int) -> int:
            with pool.session() as session:
                return session.invoke(WORK, Value(10), Value.output())[1].a

        return list(workers.map(work, range(count)))


if __name__ == "__main__":
    with Context(tas=[Slow]) as tee:
        print(sorted(calls(tee, 4, 2, 12)))
