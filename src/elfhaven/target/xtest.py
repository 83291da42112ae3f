# SPDX-License-Identifier: BSD-2-Clause
"""What xtest, OP-TEE's test suite, says of itself, read from its lines as they come.

    * regression_1004 Test User Crypt TA        a case begins      o ID TITLE    a part of it
      regression_1004 OK                        it ended           ID FAILED first error at FILE:LINE
    33660 subtests of which 0 failed            its own counts, at the end
Nothing is judged here: a case is what xtest calls it, and one of which xtest says no end is unfinished.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from elfhaven.errors import UsageError

SUITES: Final = ("regression", "pkcs11", "benchmark")
PROGRAM: Final = "xtest"

_BEGIN: Final = re.compile(r"\* (\S+) (.*)")
_PART: Final = re.compile(r"o (\S+)")
_END: Final = re.compile(r"  (\S+) (OK|FAILED|SKIPPED)\b")
_SKIP: Final = re.compile(r"(?:^|\s)skip(?:ping)? test\b|- skip tests$", re.IGNORECASE)
_COUNT: Final = re.compile(r"(\d+) (subtest|test case)s? of which (\d+) failed")
_LEFT_OUT: Final = re.compile(r"(\d+) test cases? (?:was |were )?skipped")
_FIRST: Final = re.compile(r"(\S+) FAILED first error at (\S+:\d+)")
_DONE: Final = "TEE test application done!"
_WORD: Final = re.compile(r"[A-Za-z0-9_.]+")
_KEPT: Final = 40  # lines of a case that failed


@dataclass(slots=True)
class Case:
    """One test case. `state`: ok, failed, skipped or unfinished; `lines`: what it printed, its last part."""

    name: str
    title: str
    began: float
    state: str = "unfinished"
    seconds: float = 0.0
    parts: int = 0
    skipped: list[str] = field(default_factory=list)
    first_error: str | None = None
    lines: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Count:
    """xtest's own count."""

    total: int
    failed: int


@dataclass(slots=True)
class Report:
    """All that a run said. `status` is xtest's exit status; a count is None where it did not come so far."""

    cases: list[Case] = field(default_factory=list)
    subtests: Count | None = None
    counted: Count | None = None
    left_out: int = 0
    finished: bool = False
    status: int | None = None

    @property
    def passed(self) -> bool:
        """Whether xtest ran something, came to its end, and nothing failed by its status and its counts."""
        counts = (self.subtests, self.counted)
        whole = self.finished and all(count is not None and count.failed == 0 for count in counts)
        return whole and self.status == 0 and bool(self.cases) and not self.of("failed", "unfinished")

    def of(self, *states: str) -> list[Case]:
        return [case for case in self.cases if case.state in states]


class Reader:
    """Takes xtest's output in pieces of any size. `began` and `ended` are called with each case.

    `now`: seconds by a clock that never goes back.
    """

    def __init__(
        self,
        now: Callable[[], float],
        began: Callable[[Case], object] = lambda case: None,
        ended: Callable[[Case], object] = lambda case: None,
    ) -> None:
        self.report = Report()
        self._now = now
        self._began, self._ended = began, ended
        self._rest = b""
        self._case: Case | None = None

    def feed(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._line(line.decode(errors="replace").rstrip("\r"))

    def end(self, status: int) -> Report:
        """The report of a run that ended with `status`."""
        self.feed(b"\n" if self._rest else b"")
        self.report.status = status
        if self._case is not None:
            self._close(self._case, "unfinished")
        return self.report

    def _line(self, line: str) -> None:
        begun = _BEGIN.match(line)
        if begun:
            self._begin(Case(begun[1], begun[2].strip(), self._now()))
        elif self._case is not None:
            self._inside(self._case, line)
        else:
            self._summary(line)

    def _begin(self, case: Case) -> None:
        if self._case is not None:
            self._close(self._case, "unfinished")
        self._case = case
        self.report.cases.append(case)
        self._began(case)

    def _inside(self, case: Case, line: str) -> None:
        end = _END.match(line)
        if end and end[1] == case.name:
            alone = case.skipped and not case.parts  # one of several parts may be skipped in a case that ran
            state = {"FAILED": "failed", "SKIPPED": "skipped"}.get(end[2], "skipped" if alone else "ok")
            self._close(case, state)
            return
        case.lines = [*case.lines[1 - _KEPT :], line]
        case.parts += bool(_PART.match(line))
        if _SKIP.search(line):
            case.skipped.append(line.strip(" -"))

    def _close(self, case: Case, state: str) -> None:
        case.state, case.seconds = state, self._now() - case.began
        self._case = None
        self._ended(case)

    def _summary(self, line: str) -> None:
        if count := _COUNT.match(line):
            found = Count(int(count[1]), int(count[3]))
            if count[2] == "subtest":
                self.report.subtests = found
            else:
                self.report.counted = found
        elif left_out := _LEFT_OUT.match(line):
            self.report.left_out = int(left_out[1])
        elif first := _FIRST.match(line):
            self._first_error(first[1], first[2])
        elif line.startswith(_DONE):
            self.report.finished = True

    def _first_error(self, name: str, place: str) -> None:
        for case in self.report.cases:
            if name == case.name or (name.startswith(f"{case.name}.") and case.first_error is None):
                case.first_error = place


def words(suite: str, level: int, tests: tuple[str, ...]) -> list[str]:
    """xtest's command line: cases of `suite` whose names hold one of `tests`. Raises UsageError."""
    for part in suite.split("+"):
        if part not in SUITES:
            raise UsageError(
                f"no suite called {part!r}", f"take one of {', '.join(SUITES)}, or several with +"
            )
    for test in tests:
        if not _WORD.fullmatch(test):
            raise UsageError(f"{test!r} cannot be part of a test's name", "name tests like 1004 or 4001")
    return [PROGRAM, "-l", str(level), "-t", suite, *tests]
