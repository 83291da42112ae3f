# SPDX-License-Identifier: BSD-2-Clause
"""xtest's lines, and what is made of them."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from elfhaven.cli.main import main
from elfhaven.errors import UsageError
from elfhaven.target.xtest import Case, Count, Reader, Report, words

GOOD = b"""\
Run test suite with level=0

######################################################
# regression
######################################################

* regression_1001 Self tests
o regression_1001.1 A part
  regression_1001.1 OK
  regression_1001 OK

* regression_1029 Thread-local storage
 - 1029 -   skip test, TA returned NOT_SUPPORTED
  regression_1029 OK

* regression_1037 Two parts
o regression_1037.1 One
  skip test, pseudo TA not found
  regression_1037.1 OK
  regression_1037 OK
+-----------------------------------------------------
Result of testsuite regression:
regression_1001 OK
regression_1029 OK
regression_1037 OK
+-----------------------------------------------------
39 subtests of which 0 failed
3 test cases of which 0 failed
105 test cases skipped
TEE test application done!
"""
BAD = b"""\
* regression_1001 Self tests
  regression_1001 OK
* regression_1004 Crypt
o regression_1004.2 AES decrypt
host/regression_1000.c:120: got 0xffff0000, wanted 0
  regression_1004.2 FAILED
  regression_1004 FAILED
+-----------------------------------------------------
Result of testsuite regression:
regression_1001 OK
regression_1004 FAILED first error at host/regression_1000.c:120
regression_1004.2 FAILED first error at host/regression_1000.c:120
+-----------------------------------------------------
12 subtests of which 1 failed
2 test cases of which 1 failed
0 test cases skipped
TEE test application done!
"""


def _read(text: bytes, status: int, size: int = 7) -> Report:
    clock: Iterator[int] = iter(range(10_000))
    reader = Reader(lambda: float(next(clock)))
    for at in range(0, len(text), size):
        reader.feed(text[at : at + size])
    return reader.end(status)


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_a_run_that_passed(size: int) -> None:
    report = _read(GOOD, 0, size)
    states = {case.name: (case.state, case.parts, case.seconds) for case in report.cases}
    assert states == {
        "regression_1001": ("ok", 1, 1.0),
        "regression_1029": ("skipped", 0, 1.0),
        "regression_1037": ("ok", 1, 1.0),
    }
    assert (report.subtests, report.counted, report.left_out) == (Count(39, 0), Count(3, 0), 105)
    assert report.passed


def test_lines_may_end_as_a_terminal_ends_them() -> None:
    assert _read(GOOD.replace(b"\n", b"\r\n"), 0).passed


def test_a_case_that_failed_shows_its_lines() -> None:
    report = _read(BAD, 1)
    assert not report.passed
    failed = report.of("failed")
    assert [case.name for case in failed] == ["regression_1004"]
    assert "got 0xffff0000, wanted 0" in "\n".join(failed[0].lines)
    assert failed[0].first_error == "host/regression_1000.c:120"
    assert (report.subtests, report.counted) == (Count(12, 1), Count(2, 1))


@pytest.mark.parametrize("status", [1, 2, 139])
def test_a_status_other_than_0_is_no_pass(status: int) -> None:
    assert not _read(GOOD, status).passed


@pytest.mark.parametrize("end", [b"TEE test", b"39 subtests", b"  regression_1037 OK", b"* regression_1029"])
def test_a_run_that_was_cut_off_is_no_pass(end: bytes) -> None:
    report = _read(GOOD[: GOOD.index(end)], 0)
    assert not report.passed
    assert not report.finished


def test_a_case_in_which_xtest_died_is_unfinished() -> None:
    text = GOOD[: GOOD.index(b"  regression_1029 OK")]
    assert [case.name for case in _read(text, 139).of("unfinished")] == ["regression_1029"]


def test_a_run_of_nothing_is_no_pass() -> None:
    text = b"0 subtest of which 0 failed\n0 test case of which 0 failed\nTEE test application done!\n"
    assert not _read(text, 0).passed


def test_a_failed_count_is_no_pass_even_where_every_case_says_ok() -> None:
    assert not _read(GOOD.replace(b"39 subtests of which 0", b"39 subtests of which 2"), 0).passed


def test_cases_are_told_when_they_begin_and_end() -> None:
    told: list[tuple[str, str]] = []

    def note(word: str, case: Case) -> None:
        told.append((word, case.name))

    reader = Reader(lambda: 0.0, lambda case: note("began", case), lambda case: note(case.state, case))
    reader.feed(BAD)
    assert told == [
        *(("began", "regression_1001"), ("ok", "regression_1001")),
        *(("began", "regression_1004"), ("failed", "regression_1004")),
    ]


def test_words_of_xtest() -> None:
    assert words("regression", 0, ("1004", "4001.2")) == [
        *("xtest", "-l", "0", "-t", "regression", "1004", "4001.2"),
    ]
    assert words("regression+pkcs11", 15, ()) == ["xtest", "-l", "15", "-t", "regression+pkcs11"]


@pytest.mark.parametrize("test", ["-x", "", "a b", "1004;reboot"])
def test_a_word_that_names_no_test(test: str) -> None:
    with pytest.raises(UsageError, match="part of a test's name"):
        words("regression", 0, (test,))


def test_bad_usage_is_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["xtest", "-t", "nosuch"]) == 2
    assert "no suite called 'nosuch'" in capsys.readouterr().err
    assert main(["xtest", "--target", "nosuch"]) == 2
    assert main(["xtest", "-l", "16"]) == 2


def test_a_report_can_be_written_as_json() -> None:
    from elfhaven.cli.xtest import _json

    found = json.loads(_json(_read(BAD, 1)))
    assert (found["passed"], found["status"]) == (False, 1)
    assert [case["state"] for case in found["cases"]] == ["ok", "failed"]
    assert "lines" not in found["cases"][0]
    assert any("got 0xffff0000" in line for line in found["cases"][1]["lines"])
