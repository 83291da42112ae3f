# SPDX-License-Identifier: BSD-2-Clause
"""Statistics of one run: which calls it made, who served them, what crossed, where the time went."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from elfhaven.calls.trace import WHERE, Record
from elfhaven.sdk.program import Result, run
from elfhaven.sdk.root import AnyPath
from elfhaven.target.look import Cost, Look, Meter, Observing

if TYPE_CHECKING:
    from elfhaven.machine.native.report import Report

HEAD = ("call", "count", "inside", "delegated", "refused", "errors", "sent", "received", "outside ms")


@dataclass(slots=True)
class Calls:
    """All calls of one name. `served` counts them by who served them (WHERE)."""

    served: dict[str, int] = field(default_factory=lambda: dict.fromkeys(WHERE, 0))
    errors: int = 0
    cost: Cost = field(default_factory=Cost)

    @property
    def count(self) -> int:
        return sum(self.served.values())

    def as_values(self) -> dict[str, object]:
        return {
            "count": self.count,
            **{where.replace(" ", "_"): count for where, count in self.served.items()},
            "errors": self.errors,
            "sent": self.cost.sent,
            "received": self.cost.received,
            "outside_seconds": self.cost.seconds,
        }


@dataclass(frozen=True, slots=True)
class Stats:
    """One run. `seconds` from the start of the program to its end; `inside`, in the TEE, making the
    records of the trace included; `outside`, in the agent, waiting for readers and writers included."""

    result: Result
    seconds: float
    inside: float
    outside: float
    calls: Mapping[str, Calls]
    native: Report | None = None  # of the native engine, where it ran

    def as_values(self) -> dict[str, object]:
        """Plain values, for JSON."""
        totals = self._totals()
        return {
            "status": self.result.status,
            "seconds": self.seconds,
            "inside_seconds": self.inside,
            "outside_seconds": self.outside,
            "crossings": self.result.entries,
            "most_memory": self.result.most_memory,
            "total": totals.as_values(),
            "calls": {name: calls.as_values() for name, calls in self._sorted()},
            "native": self.native.as_values() if self.native is not None else None,
        }

    def lines(self) -> list[str]:
        """A table, the most frequent call first, and two lines below it; more with the native engine."""
        rows = [HEAD, *(_row(name, calls) for name, calls in self._sorted()), _row("all", self._totals())]
        widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
        table = [
            "  ".join(
                word.ljust(width) if at == 0 else word.rjust(width)
                for at, (word, width) in enumerate(zip(row, widths, strict=True))
            )
            for row in rows
        ]
        table.insert(len(table) - 1, "-" * len(table[0]))
        times = (
            f"{self.seconds:.3f} s from start to end: {self.inside:.3f} inside, {self.outside:.3f} outside"
        )
        return [
            *table,
            f"{self.result.entries} crossings; {times}",
            f"{self.result.most_memory} bytes of secure memory at most",
            *(self.native.lines() if self.native is not None else ()),
        ]

    def _sorted(self) -> list[tuple[str, Calls]]:
        return sorted(self.calls.items(), key=lambda each: (-each[1].count, each[0]))

    def _totals(self) -> Calls:
        total = Calls()
        for calls in self.calls.values():
            total.errors += calls.errors
            for where, count in calls.served.items():
                total.served[where] = total.served.get(where, 0) + count
            total.cost.sent += calls.cost.sent
            total.cost.received += calls.cost.received
            total.cost.seconds += calls.cost.seconds
        return total


def _row(name: str, calls: Calls) -> tuple[str, ...]:
    inside, delegated, *refused = (calls.served[where] for where in WHERE)
    numbers = (
        calls.count,
        inside,
        delegated,
        sum(refused),
        calls.errors,
        calls.cost.sent,
        calls.cost.received,
    )
    return (name, *map(str, numbers), f"{calls.cost.seconds * 1000:.2f}")


class _Tally:
    def __init__(self) -> None:
        self.calls: dict[str, Calls] = {}
        self.meter = Meter()
        self.began = time.perf_counter()
        self.native: Report | None = None

    def ended(self, target: object) -> None:
        from elfhaven.target.emulator import Emulator  # late: another target needs none

        self.native = target.compiled() if isinstance(target, Emulator) else None

    def see(self, record: Record) -> None:
        calls = self.calls.setdefault(record.name, Calls())
        calls.served[record.served] = calls.served.get(record.served, 0) + 1
        calls.errors += record.error is not None

    def start(self) -> None:
        self.began = time.perf_counter()

    def joined(self) -> dict[str, Calls]:
        """With what crossed: under the name of the call that crossed, which may be another's (preadv as
        pread64)."""
        for name, cost in self.meter.calls.items():
            self.calls.setdefault(name, Calls()).cost = cost
        return self.calls


def stats(
    program: AnyPath,
    *arguments: str,
    observer: Observing | None = None,
    on_start: Callable[[], None] | None = None,
    **how: Any,
) -> Stats:
    """Runs a program as run() does, and measures. It is packed with `debug = true`; `how` is for run().

    A .ta file must have been packed so.
    """
    tally = _Tally()

    def started() -> None:
        tally.start()
        if on_start is not None:
            on_start()

    look = Look(agent=tally.meter.agent, debug=True, observer=observer, ended=tally.ended)
    result = run(program, *arguments, on_call=tally.see, look=look, on_start=started, **how)
    seconds = time.perf_counter() - tally.began
    return Stats(result, seconds, result.inside, tally.meter.seconds, tally.joined(), tally.native)
