# SPDX-License-Identifier: BSD-2-Clause
"""`elfhaven trace`: what is recorded on the wire, in a terminal and as HTML."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4
from xml.etree import ElementTree

import pytest
from tests.support import zig
from tests.unit.python_ta.tas import Asking, Counter, HelloWorld

from elfhaven.cli.main import main
from elfhaven.client import BadParameters, Context, ItemNotFound, MemRef, TargetDead, Value
from elfhaven.sdk.new import new_project
from elfhaven.sdk.sequence import Event, Kind, Recorder
from elfhaven.sdk.sequence_html import page
from elfhaven.sdk.sequence_names import names_of
from elfhaven.sdk.sequence_shown import shown_bytes
from elfhaven.sdk.sequence_text import lines_of
from elfhaven.ta import TaSession, TrustedApplication, command, unique_key
from elfhaven.world.tap import TAPPED

EXAMPLES = Path(__file__).parents[3] / "examples/ta"
C_CLIENT = EXAMPLES / "hello_world/client.c"
TAS = [HelloWorld, Counter, Asking]


@pytest.fixture
def recorder() -> Recorder:
    made = Recorder(names_of(TAS))
    TAPPED.set(made.tap)
    return made


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    """Projects have modules of the same names, and the tap is of one run."""
    token = TAPPED.set(None)
    yield
    TAPPED.reset(token)
    for name in ("proto", "ta", "client"):
        sys.modules.pop(name, None)


def text(events: list[Event], width: int = 100) -> str:
    return "\n".join(lines_of(events, width))


def test_calls_and_answers(recorder: Recorder, tmp_path: Path) -> None:
    with Context(tas=TAS, state=tmp_path) as tee, tee.open_session(HelloWorld.uuid) as session:
        session.invoke(0, Value.inout(41, 7))
        session.invoke(1, MemRef.input(b"you"), MemRef.output(64))
        session.invoke(2, MemRef.inout(bytearray(b"\x00\xff" * 50)))
    said = [(event.kind, event.call, event.text.split(",")[0]) for event in recorder.events]
    assert [text for kind, _, text in said if kind is Kind.CALL] == [
        "open session",
        "invoke increment (0)",
        "invoke greet (1)",
        "invoke reverse (2)",
        "close session",
    ]
    assert [call for kind, call, _ in said if kind is Kind.ANSWER] == [1, 2, 3, 4, 5]
    drawn = text(recorder.events)
    for expected in (
        "value inout 41, 7", "value inout 42, 7", "memref in 3 B 'you'", "room for 64 B",
        "memref out 9 B 'hello you'", "memref inout 100 B 00ff00ff", "client", "HelloWorld",
    ):  # fmt: skip
        assert expected in drawn
    assert "supplicant" not in drawn


def test_errors_and_what_the_console_said(recorder: Recorder, tmp_path: Path) -> None:
    with Context(tas=TAS, state=tmp_path) as tee:
        with tee.open_session(HelloWorld.uuid) as session:
            with pytest.raises(BadParameters):
                session.invoke(0, Value(1))
            with pytest.raises(TargetDead):
                session.invoke(3)
        with pytest.raises(ItemNotFound):
            tee.open_session(uuid4())
    drawn = text(recorder.events, 140)
    for expected in (
        "expected (value inout), got (value input)", "TEE_ERROR_BAD_PARAMETERS", "KeyError",
        "TEE_ERROR_TARGET_DEAD", "says the TEE", "load ta: TEE_ERROR_ITEM_NOT_FOUND", "elfhaven ta install",
    ):  # fmt: skip
        assert expected in drawn


def test_a_buffer_that_is_too_small(recorder: Recorder, tmp_path: Path) -> None:
    with (
        Context(tas=TAS, state=tmp_path) as tee,
        tee.open_session(HelloWorld.uuid) as session,
        pytest.raises(Exception, match="too small"),
    ):
        session.invoke(1, MemRef.input(b"you"), MemRef.output(2))
    assert "needs 9 B" in text(recorder.events)


def test_calls_of_several_threads_stay_apart(recorder: Recorder, tmp_path: Path) -> None:
    """More than the secure world has threads: calls that wait are recorded once."""
    with Context(tas=TAS, state=tmp_path) as tee:
        sessions = [tee.open_session(Asking.uuid) for _ in range(6)]
        threads = [threading.Thread(target=one.invoke, args=(1, Value(50))) for one in sessions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    calls = [event for event in recorder.events if event.kind is Kind.CALL and "wait" in event.text]
    answers = {event.call: event for event in recorder.events if event.kind is Kind.ANSWER}
    assert len(calls) == len({event.call for event in calls}) == 6
    assert all(not answers[event.call].result for event in calls)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_lines_fit_the_terminal(recorder: Recorder, tmp_path: Path, width: int) -> None:
    with Context(tas=TAS, state=tmp_path) as tee, tee.open_session(HelloWorld.uuid) as session:
        session.invoke(1, MemRef.input(b"x" * 300), MemRef.output(500))
        with pytest.raises(TargetDead):
            session.invoke(3)
    assert max(map(len, lines_of(recorder.events, width))) <= max(width, 60)


def test_html_is_whole_and_fetches_nothing(recorder: Recorder, tmp_path: Path) -> None:
    with Context(tas=TAS, state=tmp_path) as tee, tee.open_session(HelloWorld.uuid) as session:
        session.invoke(1, MemRef.input(b"<b>&"), MemRef.output(64))
        with pytest.raises(BadParameters):
            session.invoke(0)
    made = page(recorder.events, "a <run>")
    root = ElementTree.fromstring(made.removeprefix("<!DOCTYPE html>").replace('<meta charset="utf-8">', ""))
    words = "".join(root.itertext())
    for expected in ("a <run>", "4 calls, 1 of them failed", "'hello <b>&'", "TEE_ERROR_BAD_PARAMETERS"):
        assert expected in words
    assert made.count("http") == made.count("http://www.w3.org/2000/svg") == 1
    assert "<script" not in made


def test_tas_that_ask_others(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    html = tmp_path / "run.html"
    assert main(["trace", "--project", str(EXAMPLES / "inter_ta"), "--html", str(html)]) == 0
    drawn = capfd.readouterr().err
    lines = [line for line in drawn.splitlines() if "(0)" in line]
    assert [line.find("- invoke count (0)") for line in lines[:2]] == sorted(
        {line.find("- invoke count (0)") for line in lines}
    )
    assert drawn.count("memref out 16 B") == 3
    assert drawn.count("value out 3, 0") == 2
    assert "5 calls, 0 of them failed" in html.read_text()


def test_pseudo_tas_have_names(recorder: Recorder, tmp_path: Path) -> None:
    class Keyed(TrustedApplication):
        uuid = "c0c0a000-0000-4000-8000-0000000000a2"

        @command(0)
        def key(self) -> None:
            unique_key()
            with pytest.raises(ItemNotFound):
                TaSession(uuid4())

    with Context(tas=[Keyed], state=tmp_path) as tee, tee.open_session(Keyed.uuid) as session:
        session.invoke(0)
    drawn = text(recorder.events, 160)
    assert "system PTA" in drawn
    assert "memref out 32 B" in drawn
    assert "TEE_ERROR_ITEM_NOT_FOUND" in drawn
    calls = [event for event in recorder.events if event.kind is Kind.CALL]
    assert {event.call for event in calls if event.source == str(Keyed.uuid)} == {2}


def test_the_verb(tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    project = tmp_path / "mine"
    new_project(project)
    html, diagram = tmp_path / "run.html", tmp_path / "run.txt"
    words = ["trace", "--project", str(project), "--html", str(html), "-o", str(diagram), "--", "7"]
    assert main(words) == 0
    assert "7 + 1 = 8" in capfd.readouterr().out
    assert "invoke increment (0)" in diagram.read_text()
    assert "invoke increment (0)" in html.read_text()
    (project / "client.py").write_text("import sys\nsys.exit(3)\n")
    assert main(words[:3]) == 3
    (project / "client.py").write_text("def f():\n    1 / 0\nf()\n")
    assert main(words[:3]) == 1
    told = capfd.readouterr().err
    assert "ZeroDivisionError" in told
    assert "runpy" not in told
    (project / "client.py").unlink()
    assert main(words[:3]) == 2
    (project / "ta.py").unlink()
    assert main(words[:3]) == 2
    client = "from elfhaven.client import *\nwith Context() as c:\n    c.open_session('{}')\n"
    (project / "client.py").write_text(client.format(uuid4()))
    assert main(words[:3]) == 1
    assert "invoke" not in capfd.readouterr().err


def test_a_c_client(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program of the emulated normal world: its ioctls come over the same wire."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    program = zig.compile_program(C_CLIENT.read_text(), target=zig.AARCH64, flags=("-static", "-O1", "-w"))
    assert main(["trace", "--project", str(C_CLIENT.parent), str(program), "41"]) == 0
    shown = capfd.readouterr()
    assert "incremented 0 42" in shown.out
    assert "value inout 41, 0" in shown.err
    assert "TEE_ERROR_BAD_PARAMETERS" in shown.err


@pytest.mark.parametrize(
    "data, shown", [(b"text", "'text'"), ("é".encode(), "'é'"), (b"\xff\x00", "ff00"), (b"a\nb", "610a62")]
)
def test_bytes(data: bytes, shown: str) -> None:
    assert shown_bytes(data) == shown
