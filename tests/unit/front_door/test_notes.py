# SPDX-License-Identifier: BSD-2-Clause
"""An error tells its cause in this run: what the console said during the call, where a TA was looked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.python_ta.tas import HelloWorld

from elfhaven.client import (
    BadParameters,
    Context,
    FakeTransport,
    ItemNotFound,
    NotSupported,
    TargetDead,
    Value,
)
from elfhaven.secure.console import KEPT, Console

ABSENT = "c0c0a000-0000-4000-8000-0000000000ff"


def notes(error: BaseException) -> str:
    return "\n".join(getattr(error, "__notes__", ()))


def test_wrong_types_are_shown(tmp_path: Path) -> None:
    with Context(tas=[HelloWorld], state=tmp_path) as tee, tee.open_session(HelloWorld.uuid) as session:
        with pytest.raises(BadParameters) as caught:
            session.invoke(0, Value(1))
        assert "expected (value inout), got (value input)" in notes(caught.value)
        with pytest.raises(NotSupported) as other:
            session.invoke(99)
        assert "no command 99" in notes(other.value)
        assert "expected" not in notes(other.value)  # what was said before is not of this call


def test_a_bug_is_shown_from_the_line_of_the_ta(tmp_path: Path) -> None:
    with (
        Context(tas=[HelloWorld], state=tmp_path) as tee,
        tee.open_session(HelloWorld.uuid) as session,
        pytest.raises(TargetDead) as caught,
    ):
        session.invoke(3)
    said = notes(caught.value)
    assert "KeyError: 'no such thing'" in said
    assert "tas.py" in said
    assert "program.py" not in said


def test_where_a_ta_was_looked_for(tmp_path: Path) -> None:
    with Context(tas=[HelloWorld], state=tmp_path) as tee:
        (tmp_path / "ta" / f"{HelloWorld.uuid}.ta").touch()
        with pytest.raises(ItemNotFound) as caught:
            tee.open_session(ABSENT)
    said = notes(caught.value)
    assert f"HelloWorld ({HelloWorld.uuid})" in said
    assert f"{tmp_path / 'ta' / ABSENT}.ta: the directory holds 1 others" in said


def test_a_transport_of_ones_own_has_no_notes() -> None:
    with Context(transport=FakeTransport({})) as tee, pytest.raises(ItemNotFound) as caught:
        tee.open_session(ABSENT)
    assert notes(caught.value) == ""


def test_the_console_counts_what_it_drops() -> None:
    console = Console()
    console(f"line {number}" for number in range(KEPT + 5))
    assert (console.said, len(console)) == (KEPT + 5, KEPT)
    assert console.since(console.said) == []
    assert console.since(KEPT + 3) == [f"line {KEPT + 3}", f"line {KEPT + 4}"]
    assert console.since(0) == list(console)
