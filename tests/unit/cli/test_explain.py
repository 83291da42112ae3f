# SPDX-License-Identifier: BSD-2-Clause
"""`elfhaven explain` and its table."""

from __future__ import annotations

import json

import pytest

from elfhaven.abi import gp
from elfhaven.cli.main import main
from elfhaven.errors import UsageError
from elfhaven.sdk.explain import explain
from elfhaven.sdk.explanations import ROWS


def test_the_table_has_every_result_that_has_a_name_and_no_other() -> None:
    assert set(ROWS) == set(gp.RESULT_NAMES)


@pytest.mark.parametrize("code", ROWS)
def test_every_row_is_whole(code: int) -> None:
    row = ROWS[code]
    assert row.means
    assert row.causes
    assert row.fix
    for text in (row.means, *row.causes, row.fix):
        assert text == text.strip()
        assert not text.endswith(".")


@pytest.mark.parametrize(
    "word",
    [
        "0xffff000f",
        "4294901775",
        "-65521",
        "ffff000f",
        "TEE_ERROR_SECURITY",
        "TEEC_ERROR_SECURITY",
        "security",
    ],
)
def test_a_code_by_number_or_name(word: str) -> None:
    found = explain(word)
    assert (found.code, found.name) == (0xFFFF000F, "TEE_ERROR_SECURITY")
    assert any("trust" in cause for cause in found.causes)


def test_codes_without_a_name() -> None:
    assert "TA's own" in explain("0x80001234").means
    assert "reserves" in explain("0xffff7777").means
    assert "fault" in explain("0xdeadbeef").means
    assert explain("0").name == "TEE_SUCCESS"


@pytest.mark.parametrize("word", ["0x1ffffffff", "-3000000000", "TEE_ERROR_NO_SUCH", "", "seven"])
def test_what_is_no_code(word: str) -> None:
    with pytest.raises(UsageError) as raised:
        explain(word)
    assert raised.value.fix


def test_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "BUSY"]) == 0
    assert "0xffff000d  TEE_ERROR_BUSY" in capsys.readouterr().out
    assert main(["explain", "--json", "0xffff3024"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "TEE_ERROR_TARGET_DEAD"
    assert main(["explain", "SECURTY"]) == 2
    told = capsys.readouterr().err
    assert "did you mean TEE_ERROR_SECURITY" in told
    assert "Traceback" not in told
