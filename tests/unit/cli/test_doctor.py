# SPDX-License-Identifier: BSD-2-Clause
"""`elfhaven doctor` on machines that lack something: each is told, with its fix."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from elfhaven.cli import doctor
from elfhaven.cli.main import main


def _lines(capsys: pytest.CaptureFixture[str]) -> dict[str, tuple[str, str]]:
    """What was looked at -> (its mark and state, its fix)."""
    found: dict[str, tuple[str, str]] = {}
    name = ""
    for line in capsys.readouterr().out.splitlines():
        if line.startswith("       fix: "):
            found[name] = (found[name][0], line.removeprefix("       fix: "))
        else:
            mark, name = line[:4].strip(), line[5:].partition(":")[0]
            found[name] = (f"{mark} {line[5:].partition(': ')[2]}", "")
    return found


def test_a_machine_without_apt_and_tools(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["doctor"]) == 0, "the emulator runs without them"
    found = _lines(capsys)
    assert found["packages"][0] == "lack apt-get, apt-cache, apt-config, dpkg-deb missing"
    assert "use Debian or a derivative" in found["packages"][1]
    assert found["ssh"][0] == "lack ssh missing"
    assert "OpenSSH" in found["ssh"][1]
    assert found["archive"][0].startswith("lack ")
    assert found["archive"][1]


def test_a_machine_without_a_compiler(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ziglang", None)
    monkeypatch.setattr("importlib.util.find_spec", _without("ziglang"))
    assert main(["doctor"]) == 0
    assert _lines(capsys)["compiler"][0] == "lack missing"


def _without(missing: str) -> Callable[[str], object]:
    return lambda name: None if name == missing else find_spec(name)


def test_a_cache_that_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/none")
    assert main(["doctor"]) == 1
    found = _lines(capsys)
    assert found["cache"][0].startswith("STOP /proc/none")
    assert "XDG_CACHE_HOME" in found["cache"][1]


def test_a_machine_without_room(tmp_path: Path) -> None:
    full = doctor._room("cache", tmp_path, 1 << 60, needed=True)
    assert full.fix == f"free {1 << 40} MiB there, or set XDG_CACHE_HOME to a place that has them"
    assert doctor._room("cache", tmp_path, 1, needed=True).fix is None


def test_what_the_first_use_will_fetch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    main(["doctor"])
    assert "fetches about 95 MB" in capsys.readouterr().out
    assert os.listdir(tmp_path / "elfhaven" / "qemu") == []
