# SPDX-License-Identifier: BSD-2-Clause
"""Every program of the corpus does inside what it does on Linux: output, status, and the files it leaves.

The yardstick is the kernel of this machine: the same source, compiled for it. Where the architecture shows
(registers, long double, the machine's name, call numbers) it is qemu-aarch64. qemu's user mode is not the
yardstick for the rest because its errno differs from Linux in 20 of these programs.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import elfhaven
from elfhaven.abi.linux import ERRNO
from elfhaven.calls.linux import LINUX
from elfhaven.calls.row import Served
from elfhaven.calls.trace import Record
from elfhaven.target.emulator import AT_ONCE
from tests.conformance.programs import all_programs, fixture
from tests.support import outside, zig

PROGRAMS = all_programs()
ARGUMENTS = ("a", "b c", "")
ARCHITECTURE_SHOWS = frozenset({"arithmetic", "registers_survive", "uname", "unknown_calls"})
MANIFEST = """
debug = true
[files]
read = ["./"]
write = ["./"]
[net]
connect = ["127.0.0.1:*", "[::1]:*", "unix:./", "unix:@elfhaven-corpus-4"]
listen = ["127.0.0.0/8:*", "[::1]:*", "0.0.0.0:*", "unix:./", "unix:@elfhaven-corpus-4"]
"""
USED_WITH_SUCCESS = 225  # calls, at least
# served, and an error at each use that a session's leader can make of it; sigsuspend's is EINTR
NEVER_SUCCEED = {"setsid", "setpgid", "rt_sigsuspend"}
OF_CHILDREN = {"execve", "wait4", "waitid"}  # compared with Linux by test_children.py
WHOLE = "ELFHAVEN_WHOLE"  # set: every program is run with checks in its loops too
STOPPABLE = sorted(PROGRAMS)[:: 1 if os.environ.get(WHOLE) else 12]
COMPILED = sorted(PROGRAMS)[3 :: 1 if os.environ.get(WHOLE) else 60]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a pristine fixture, the manifest and the device's state."""
    root = tmp_path_factory.mktemp("corpus")
    fixture.make(root / "fixture")
    (root / "elfhaven.toml").write_text(MANIFEST)
    (root / "stoppable.toml").write_text("stoppable = true\n" + MANIFEST)
    return root


def _fresh(room: Path, name: str) -> Path:
    """A copy of the fixture. Its path has the same length everywhere, since some programs print lengths."""
    place = room / name
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(room / "fixture", place, symlinks=True)
    return place


def _outside(name: str, source: str, place: Path, stdin: Path) -> outside.Seen:
    target = outside.native_target()
    if target is None or name in ARCHITECTURE_SHOWS:
        program = zig.compile_program(source)
        return outside.run([outside.qemu(), program, *ARGUMENTS], place, stdin)
    return outside.run([zig.compile_program(source, target=target), *ARGUMENTS], place, stdin)


def _inside(
    source: str,
    place: Path,
    room: Path,
    manifest: str,
    on_call: Callable[[Record], None],
    engine: str = "interpreter",
) -> outside.Seen:
    with (room / "fixture" / "data.txt").open("rb") as source_of_input:
        done = elfhaven.run(
            zig.compile_program(source),
            *ARGUMENTS,
            manifest=room / manifest,
            state=room / "state",
            env={},
            cwd=place,
            stdin=source_of_input,
            capture=True,
            on_call=on_call,
            engine=engine,
        )
    assert done.fault is None, done.fault
    assert done.stdout is not None
    assert done.stderr is not None
    return outside.Seen(done.stdout, done.stderr, done.status)


def _unheard(record: Record) -> None:
    """The calls of a program that is not counted."""


def _compare(name: str, room: Path, manifest: str, engine: str = "interpreter") -> set[str]:
    """The calls that the program made inside with success; none where it is not traced."""
    served: set[str] = set()

    def note(record: Record) -> None:
        if record.error is None and record.served in ("inside", "delegated"):
            served.add(record.name)

    there, here = _fresh(room, "there"), _fresh(room, "inner")
    expected = _outside(name, PROGRAMS[name], there, room / "fixture" / "data.txt")
    seen = _inside(PROGRAMS[name], here, room, manifest, note, engine)
    assert seen.stdout.decode(errors="replace") == expected.stdout.decode(errors="replace")
    assert seen.stderr == expected.stderr
    assert seen.status == expected.status
    assert fixture.snapshot(here) == fixture.snapshot(there)
    return served


@pytest.fixture(scope="module")
def proved() -> dict[str, set[str]]:
    """What each program that gave Linux's output did with success."""
    return {}


@pytest.mark.parametrize("name", PROGRAMS)
def test_it_does_inside_what_it_does_on_linux(name: str, room: Path, proved: dict[str, set[str]]) -> None:
    proved[name] = _compare(name, room, "elfhaven.toml")


@pytest.mark.parametrize("name", STOPPABLE)
def test_with_checks_in_its_loops_it_does_the_same(name: str, room: Path) -> None:
    """A part of the corpus; all of it with ELFHAVEN_WHOLE=1."""
    _compare(name, room, "stoppable.toml")


@pytest.mark.parametrize("name", COMPILED)
def test_compiled_it_does_the_same(name: str, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With every block compiled that is met 32 times: a part of the corpus; all of it with
    ELFHAVEN_WHOLE=1."""
    monkeypatch.setenv(AT_ONCE, "32")
    _compare(name, room, "elfhaven.toml", "native")


def test_every_call_that_is_served_is_used_with_success(room: Path, proved: dict[str, set[str]]) -> None:
    """Counted from the traces of the programs whose output is Linux's; those not run before are run now."""
    for name in PROGRAMS.keys() - proved.keys():
        proved[name] = _compare(name, room, "elfhaven.toml")
    used = set().union(*proved.values())
    served = {row.name for row in LINUX.rows if row.served in (Served.INSIDE, Served.DELEGATED)}
    print(f"{len(served & used)} calls of {len(served)} that are served were used with success")
    assert served - used == NEVER_SUCCEED | OF_CHILDREN
    assert len(served & used) >= USED_WITH_SUCCESS


def test_every_call_that_is_refused_or_absent_says_so(room: Path) -> None:
    """Each with its row's error: no argument is looked at."""
    rows = [row for row in LINUX.rows if row.served in (Served.REFUSED, Served.ABSENT)]
    prelude = (Path(fixture.__file__).parent / "prelude.h").read_text()
    calls = "".join(f'printf("%ld %d\\n", syscall({row.number}, -1l, 0l, 0l, 0l), errno);\n' for row in rows)
    seen = _inside(
        f"{prelude}int main(void) {{\n{calls}return 0; }}\n",
        _fresh(room, "inner"),
        room,
        "elfhaven.toml",
        _unheard,
    )
    errors = [f"-1 {ERRNO[row.refusal or 'ENOSYS']}" for row in rows]
    assert seen.stdout.decode().splitlines() == errors


def test_the_corpus_has_its_size() -> None:
    assert len(PROGRAMS) >= 200
