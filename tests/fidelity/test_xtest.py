# SPDX-License-Identifier: BSD-2-Clause
"""`elfhaven xtest` on the real OP-TEE: cases that pass, and one that fails for what is done to the guest.

The whole regression suite is `make xtest TARGET=qemu`: three minutes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from elfhaven.cli.main import main
from elfhaven.target.qemu.command import captured
from elfhaven.target.qemu.initramfs import TA_DIRECTORY
from elfhaven.target.qemu.machine import Machine, forget

CRYPT = "cb3e5ba0-adf1-11e0-998b-0002a5d5c51b"  # the TA of case 1004


@pytest.fixture(scope="module")
def own() -> Iterator[Machine]:
    """A machine of its own: a TA is taken away from it here."""
    made = Machine("fidelity-xtest")
    made.up("stock", print)
    yield made
    made.down()
    forget(made)


def _xtest(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, object]]:
    capsys.readouterr()
    status = main(["xtest", "--target", "qemu", "--name", "fidelity-xtest", "--json", *words])
    return status, json.loads(capsys.readouterr().out)


def test_cases_that_pass(own: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    status, found = _xtest(capsys, "1001", "1004", "4003")
    assert (status, found["passed"]) == (0, True)
    cases = found["cases"]
    assert isinstance(cases, list)
    assert {case["name"]: case["state"] for case in cases} == {
        f"regression_{number}": "ok" for number in (1001, 1004, 4003)
    }
    assert found["counted"] == {"total": 3, "failed": 0}


def test_a_ta_that_is_missing_fails_its_case(own: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    file = f"/{TA_DIRECTORY}/{CRYPT}.ta"
    assert captured(own, ["mv", file, "/tmp"])[0] == 0
    try:
        status, found = _xtest(capsys, "1004")
        assert (status, found["passed"]) == (1, False)
        assert found["counted"] == {"total": 1, "failed": 1}
        cases = found["cases"]
        assert isinstance(cases, list)
        assert cases[0]["state"] == "failed"
        assert "regression_1000.c" in cases[0]["first_error"]
        assert any("0xffff0008" in line for line in cases[0]["lines"]), "TEE_ERROR_ITEM_NOT_FOUND"
    finally:
        captured(own, ["mv", f"/tmp/{CRYPT}.ta", file])
    assert _xtest(capsys, "1004")[0] == 0
