# SPDX-License-Identifier: BSD-2-Clause
"""SIGKILL while packages are fetched and while what a machine boots from is built: the next one is whole."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from elfhaven.packages.fetch import cache_directory
from elfhaven.target.qemu import cache as qemu_cache

FETCH = """
import sys
from pathlib import Path
from elfhaven.packages import fetch
print(fetch(["libzstd1", "zlib1g", "libpython3.13-stdlib"], suite="trixie", architecture="arm64"))
"""
BUILD = """
from elfhaven.target.qemu.boot import prepare
boot = prepare("stock", lambda line: None)
print(boot.flash)
print(boot.initrd)
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own. The lists of packages are taken over: fetching them is not what is tested."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "elfhaven"


def _run(code: str, seconds: float | None = None) -> list[str] | None:
    """What it printed; None where it was killed after `seconds`."""
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        output, _ = child.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        return None
    assert child.returncode == 0
    return output.split()


def _still_there(place: Path) -> list[str]:
    """Processes that have something of `place` in their command line."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().decode(errors="replace")
        except OSError:
            continue
        if str(place) in words and int(entry.parent.name) != os.getpid():
            found.append(words.replace("\0", " ")[:200])
    return found


def _settled(place: Path) -> None:
    deadline = time.monotonic() + 5
    while (left := _still_there(place)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left == []


def _files(tree: Path) -> dict[str, bytes]:
    return {str(path.relative_to(tree)): path.read_bytes() for path in tree.rglob("*") if path.is_file()}


def test_packages(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME")
    undisturbed = _run(FETCH)
    lists = cache_directory() / "apt" / "trixie-arm64"
    monkeypatch.setenv("XDG_CACHE_HOME", str(home.parent))
    shutil.copytree(lists, home / "packages" / "apt" / "trixie-arm64")
    killed = 0
    for moment in range(8):
        killed += _run(FETCH, 0.15 + 0.2 * moment) is None
        _settled(home)
    assert killed, "at least one was killed in the middle"
    made = _run(FETCH)
    assert made is not None
    assert undisturbed is not None
    assert _files(Path(made[0])) == _files(Path(undisturbed[0]))
    assert not list((home / "packages").glob("fetch-*"))


def test_what_a_machine_boots_from(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME")
    packages, plans = cache_directory(), qemu_cache.cache_directory()
    undisturbed = _run(BUILD)
    monkeypatch.setenv("XDG_CACHE_HOME", str(home.parent))
    home.mkdir()
    (home / "packages").symlink_to(packages)
    for plan in plans.glob("plan-*"):
        shutil.copytree(plan, home / "qemu" / plan.name)
    killed = sum(_run(BUILD, seconds) is None for seconds in (0.5, 1.0, 2.0, 4.0))
    _settled(home)
    assert killed, "at least one was killed in the middle"
    made = _run(BUILD)
    assert made is not None
    assert undisturbed is not None
    assert Path(made[1]).read_bytes() == Path(undisturbed[1]).read_bytes()
    assert Path(made[0]).stat().st_size == Path(undisturbed[0]).stat().st_size
    assert not list((home / "qemu").glob("making-*"))
