# SPDX-License-Identifier: BSD-2-Clause
"""Programs that start others: inside, and natively, by posix_spawn, vfork and execve."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

import elfhaven
from elfhaven.errors import ImageError, UsageError
from elfhaven.packing import uuid_of_name
from elfhaven.sdk.inspection import inspect
from elfhaven.sdk.program import Result
from tests.conformance.children import STDIN, family, program
from tests.support import outside

ENDS = ("pipes", "pipeline", "both_ways", "threads", "sigchld", "waiting", "vforks", "surroundings")
NATIVE = pytest.mark.skipif(outside.native_target() is None, reason="this machine's programs are unknown")


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return family(tmp_path_factory.mktemp("children"))


@pytest.fixture
def work(tmp_path: Path) -> Path:
    made = tmp_path / "work"
    made.mkdir()
    return made


def _inside(packed: Path, what: str, work: Path, manifest: str = "open", **how: object) -> Result:
    return elfhaven.run(
        program("parent"),
        what,
        manifest=packed / f"{manifest}.toml",
        state=work.parent / "state",
        cwd=work,
        capture=True,
        **how,  # type: ignore[arg-type]
    )


@NATIVE
@pytest.mark.parametrize("what", [*ENDS, "becomes", "dies"])
def test_it_is_as_on_linux(what: str, packed: Path, work: Path) -> None:
    target = outside.native_target()
    for name in ("child", "grand"):
        shutil.copy(program("child", target), work / name)
    expected = outside.run([program("parent", target), what], work, STDIN)
    shutil.rmtree(work)
    work.mkdir()
    with STDIN.open("rb") as stdin:
        seen = _inside(packed, what, work, stdin=stdin)
    assert seen.fault is None, seen.fault
    assert (seen.stdout or b"").decode() == expected.stdout.decode()
    assert seen.status == expected.status
    assert seen.violated == ()


def test_a_pipe_stays_inside_unless_the_manifest_opens_it(packed: Path, work: Path) -> None:
    seen = _inside(packed, "pipes", work, "inside")
    assert b"posix_spawn: Permission denied" in (seen.stdout or b"")
    assert seen.denied == ("pipes",)
    assert any('pipes = "open"' in note for note in seen.notes)


def test_streams_alone_need_no_open_pipes(packed: Path, work: Path) -> None:
    seen = _inside(packed, "becomes", work, "inside")
    assert (seen.stdout or b"").startswith(b"[child][tell][in place] - /work 0")


def test_a_program_that_no_manifest_names_is_denied(packed: Path, work: Path) -> None:
    seen = _inside(packed, "pipes", work, "none")
    assert b"posix_spawn: Permission denied" in (seen.stdout or b"")
    assert seen.denied == ("programs",)
    assert any("[programs]" in note for note in seen.notes)


def test_a_fork_is_refused_and_said(packed: Path, work: Path) -> None:
    seen = _inside(packed, "fork", work)
    assert (seen.stdout, seen.status) == (b"fork -1 Function not implemented\n", 1)
    assert seen.denied == ("fork",)
    assert any("posix_spawn" in note for note in seen.notes)


def test_children_end_with_their_parent(packed: Path, work: Path) -> None:
    began = time.monotonic()
    seen = _inside(packed, "leaves", work)
    assert seen.status == 6
    assert time.monotonic() - began < 60  # the child sleeps ten minutes


def test_nothing_stays_open(packed: Path, work: Path) -> None:
    _inside(packed, "pipeline", work)
    before = sorted(os.listdir("/proc/self/fd"))
    _inside(packed, "pipeline", work)
    _inside(packed, "vforks", work)
    assert sorted(os.listdir("/proc/self/fd")) == before


def test_a_child_that_is_gone_or_another(packed: Path, work: Path, tmp_path: Path) -> None:
    shutil.copytree(packed, tmp_path / "moved")
    (tmp_path / "moved" / "grand.ta").unlink()
    with pytest.raises(UsageError, match=r"grand\.ta is not in"):
        _inside(tmp_path / "moved", "pipes", work)
    ta = tmp_path / "parent.ta"
    elfhaven.pack(program("parent"), manifest=packed / "open.toml", output=ta)
    for name in ("child.ta", "grand.ta"):
        shutil.copy(packed / name, tmp_path / name)
    seen = elfhaven.run(ta, "becomes", state=tmp_path / "state", cwd=work, capture=True)
    assert (seen.stdout or b"").startswith(b"[child][tell]")
    shutil.copy(packed / "grand.ta", tmp_path / "child.ta")
    with pytest.raises(UsageError, match="is not the program that was there"):
        elfhaven.run(ta, "becomes", state=tmp_path / "state", cwd=work)


def test_inspect_shows_what_may_be_started(packed: Path, tmp_path: Path) -> None:
    ta = tmp_path / "parent.ta"
    elfhaven.pack(program("parent"), manifest=packed / "open.toml", output=ta)
    may = inspect(ta)["may"]
    assert isinstance(may, dict)
    assert may["start"] == [f"child: child.ta, {uuid_of_name('a-child')}"]
    assert may["pipes to what it starts"] == "open to the normal world"


def test_only_a_packed_program_can_be_named(packed: Path, work: Path, tmp_path: Path) -> None:
    (tmp_path / "elfhaven.toml").write_text('[programs]\n"/bin/x" = "x"\n')
    shutil.copy(program("child"), tmp_path / "x")
    with pytest.raises(ImageError, match="no packed program"):
        elfhaven.run(program("parent"), manifest=tmp_path / "elfhaven.toml", state=tmp_path / "state")


def test_debians_python_starts_programs(packed: Path, place: Path) -> None:
    """subprocess of an unmodified CPython: vfork and execve, pipes on all three streams, a megabyte."""
    (place / "script.py").write_text(
        "import subprocess\n"
        "run = subprocess.run\n"
        "done = run(['/bin/child', 'upper'], input=b'x' * 1000000, capture_output=True)\n"
        "print(len(done.stdout), done.stdout == b'X' * 1000000, done.returncode)\n"
        "print(run(['/bin/child', 'abort']).returncode, run(['/bin/child', 'status', '7']).returncode)\n"
        "print(subprocess.check_output(['/bin/child', 'numbers', '3'], text=True).split())\n"
    )
    shutil.copy(packed / "child.ta", place)
    shutil.copy(packed / "grand.ta", place)
    manifest = place / "elfhaven.toml"
    manifest.write_text('pipes = "open"\n[files]\nread = ["."]\n[programs]\n"/bin/child" = "child.ta"\n')
    seen = elfhaven.run(
        "python3.13",
        "script.py",
        debian=["python3.13-minimal"],
        memory="permissive",
        manifest=manifest,
        state=place.parent / "state",
        cwd=place,
        capture=True,
    )
    assert (seen.stdout, seen.status) == (b"1000000 True 5\n-6 7\n['1', '2', '3']\n", 0)


@pytest.fixture
def place(work: Path) -> Path:
    return work
