# SPDX-License-Identifier: BSD-2-Clause
"""The trace chosen and as JSON; statistics; the flame graph."""

from __future__ import annotations

import json
import xml.etree.ElementTree as xml
from collections import Counter
from pathlib import Path

import pytest
from tests.unit.look.programs import program

import elfhaven
from elfhaven.calls.linux import LINUX
from elfhaven.calls.trace import Record
from elfhaven.calls.trace_filter import choose
from elfhaven.cli.main import main
from elfhaven.sdk.flame import profiling
from elfhaven.sdk.flame_svg import draw
from elfhaven.sdk.stats import stats


def record(name: str) -> Record:
    row = LINUX.by_name(name)
    return Record(row.number, row, 0, (0,) * 6, 0, 1, {})


@pytest.mark.parametrize(
    ("text", "shown", "hidden"),
    [
        ("openat,read", "openat read", "write close"),
        ("%file", "openat newfstatat chdir unlinkat renameat2", "read mmap"),
        ("file", "openat", "read"),
        ("%desc", "read write close mmap", "brk getpid"),
        ("%memory,%process", "mmap brk clone exit_group", "read"),
        ("%network", "socket connect", "read"),
        ("trace=!%memory", "read openat", "mmap brk"),
        ("all", "read mmap", ""),
    ],
)
def test_what_a_filter_shows(text: str, shown: str, hidden: str) -> None:
    chosen = choose(text, LINUX)
    assert [name for name in shown.split() if not chosen(record(name))] == []
    assert [name for name in hidden.split() if chosen(record(name))] == []


@pytest.mark.parametrize("text", ["futx", "", "read,,write", "%none", "!"])
def test_a_word_that_is_no_call_is_refused(text: str) -> None:
    with pytest.raises(elfhaven.UsageError, match="no call and no class"):
        choose(text, LINUX)


def test_a_run_shows_only_what_is_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    program(tmp_path)
    monkeypatch.chdir(tmp_path)
    words = ("run", "-m", "m.toml", "-e", "clone,getppid,exit_group", "--trace", "--trace-json", "t.json")
    assert main([*words, "--", "./program"]) == 3
    names = [line.split("] ")[1].split("(")[0] for line in capfd.readouterr().err.splitlines()]
    assert names == ["clone", "getppid", "exit_group"]
    rows = [json.loads(line) for line in Path("t.json").read_text().splitlines()]
    assert [row["call"] for row in rows] == names
    assert rows[0]["result"] == rows[0]["thread"] + 1
    assert rows[1]["served"] == "inside"


@pytest.mark.parametrize(
    "words",
    [
        ("-e", "futx"),
        ("--trace-json", "none/t.json"),
        ("--profile", "none/p.svg"),
        ("--gdb", "99999"),
        ("--gdb", "0", "--profile", "p.svg"),
        ("--profile", "p.svg"),  # no debug = true
        ("--gdb", "0"),
        ("--trace",),
    ],
)
def test_what_cannot_be_looked_at_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    program(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert main(["run", *words, "--", "./program"]) == 125
    said = capfd.readouterr()
    assert "fix:" in said.err
    assert said.out == ""


def test_statistics_count_what_happens(tmp_path: Path) -> None:
    found = stats(program(tmp_path), capture=True)
    assert (found.result.status, found.result.stdout) == (3, b"55\n")
    assert found.calls["getppid"].served["inside"] == 1
    assert found.calls["writev"].served["delegated"] == 1
    assert found.calls["write"].cost.sent == 3  # as which writev crosses
    assert found.calls["ioctl"].errors == 1
    assert found.result.entries >= 3
    assert 0 < found.inside < found.seconds
    values = json.loads(json.dumps(found.as_values()))
    assert values["total"]["count"] == sum(calls.count for calls in found.calls.values())
    assert found.lines()[0].split()[:3] == ["call", "count", "inside"]


def test_a_flame_graph_shows_who_calls_whom(tmp_path: Path) -> None:
    path = program(tmp_path)
    picture = tmp_path / "flame.svg"
    with profiling(str(picture), str(path)) as observer:
        found = stats(path, "busy", observer=observer, capture=True)
    assert (found.result.status, found.result.stdout) == (3, b"832040\n")
    titles = [
        each.text or ""
        for each in xml.fromstring(picture.read_text()).iter("{http://www.w3.org/2000/svg}title")
    ]
    samples = {title.partition(":")[0]: int(title.split(": ")[1].split()[0]) for title in reversed(titles)}
    assert samples["main (program)"] >= samples["fib (program)"] > samples["all"] / 4


def test_boxes_are_as_wide_as_their_share() -> None:
    stacks = Counter({("main", "a<b>"): 3, ("main", "c"): 1})
    root = xml.fromstring(draw(stacks, "title & more"))
    space = "{http://www.w3.org/2000/svg}"
    widths = {
        (group.find(f"{space}title").text or "").partition(":")[0]: float(
            group.find(f"{space}rect").get("width")
        )  # type: ignore[union-attr,arg-type]
        for group in root.iter(f"{space}g")
    }
    assert widths["main"] == widths["all"] == 1180
    assert widths["a<b>"] == pytest.approx(885)
    assert widths["c"] == pytest.approx(295)
