# SPDX-License-Identifier: BSD-2-Clause
"""Calls of a TA to the core that fail: memory gives out, storage is full, a service is not there.

Lock: `_lock` guards the plans and the count; nothing is called while it is held.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from elfhaven.abi import gp
from elfhaven.calls.utee import UTEE
from elfhaven.errors import TeeError, UsageError
from elfhaven.ta.program import EntryPoint, PythonTa
from elfhaven.ta.system import System
from elfhaven.tee_errors import OutOfMemory, TeeResultError

_NAMES = {row.number: row.name for row in UTEE.rows}
_NEVER = frozenset(
    ("log", "panic", "return", "cryp_obj_close", "cryp_state_free", "close_ta_session", "storage_enum_free")
)  # calls that no error ends: each() leaves them alone


@dataclass
class _Plan:
    call: str | None  # None: any but those of _NEVER
    result: int
    at: int
    times: int


class Faults:
    """What is to fail. `calls` has the names of the calls that the TAs made, `failed` those of which failed,
    as in reference/utee.md."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._plans: list[_Plan] = []
        self.calls: list[str] = []
        self.failed: list[str] = []

    def fail(
        self, call: str, error: type[TeeResultError] = OutOfMemory, *, at: int = 1, times: int = 1
    ) -> None:
        """The `at`-th call of this name from now, and `times` in a row, is not made: the TA gets `error`."""
        if call not in _NAMES.values():
            raise UsageError(f"no call {call!r} of a TA to the core", "take a name of docs/reference/utee.md")
        self._plan(_Plan(call, error.CODE, at, times))

    def _plan(self, plan: _Plan) -> None:
        if plan.at < 1 or plan.times < 1:
            raise UsageError(f"a fault at call {plan.at}, {plan.times} times", "count from 1")
        with self._lock:
            self._plans.append(plan)

    @property
    def idle(self) -> bool:
        """Whether all that was to fail has failed."""
        with self._lock:
            return not self._plans

    def each(self, work: Callable[[], object], error: type[TeeResultError] = OutOfMemory) -> int:
        """Does `work` again and again: each time one more of the calls that it makes fails, until it gets
        through. A TeeError may leave it, but no dead TA. Gives the number of calls that failed."""
        at = 0
        while True:
            at += 1
            self._plan(_Plan(None, error.CODE, at, 1))
            try:
                work()
            except TeeError as met:
                if met.code == gp.TEE_ERROR_TARGET_DEAD:
                    where = f"{self.failed[-1]} gave {error.__name__}" if self.idle else "nothing failed"
                    raise AssertionError(f"the TA died where {where}") from met
            if not self.idle:
                with self._lock:
                    self._plans.clear()
                return at - 1

    # ---- what happens

    def failing(self, ta: PythonTa) -> PythonTa:
        """The TA, its calls to the core failing as planned."""

        def start(system: System) -> EntryPoint:
            return ta.start(_Failing(system, self.result_of))

        return replace(ta, start=start)

    def result_of(self, number: int) -> int | None:
        """The result of a call that is to fail now; None for one that is to be made."""
        name = _NAMES.get(number, str(number))
        with self._lock:
            self.calls.append(name)
            for plan in self._plans:
                if plan.call != name and (plan.call is not None or name in _NEVER):
                    continue
                plan.at -= 1
                if plan.at > 0:
                    continue
                plan.times -= 1
                if not plan.times:
                    self._plans.remove(plan)
                self.failed.append(name)
                return plan.result
        return None


class _Failing:
    """ta.system.System."""

    def __init__(self, system: System, result_of: Callable[[int], int | None]) -> None:
        self._system, self._result_of = system, result_of
        self.read = system.read
        self.write = system.write
        self.reserve = system.reserve
        self.release = system.release

    def call(self, number: int, *words: int) -> int:
        result = self._result_of(number)
        return self._system.call(number, *words) if result is None else result
