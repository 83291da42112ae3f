# SPDX-License-Identifier: BSD-2-Clause
"""The corpus's programs about files, where all their files are sealed: they do what they do on Linux.

What they leave is compared in the clear. A part of them; all with ELFHAVEN_WHOLE=1.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

import elfhaven
from elfhaven.sdk.seal import device_key, seal, unseal
from tests.conformance.programs import all_programs, fixture
from tests.support import outside, zig

MANIFEST = 'name = "corpus"\n[files]\nsealed = ["./"]\n'
ARGUMENTS = ("a", "b c", "")
BY_DESIGN = {
    "hard_links": "a file has one name",
    "open_nofollow": "a link is the normal world's: what it leads to does not open by the link's name",
    "locks_and_truncate": "the same",
    "rename_directories": "a directory of sealed files keeps its name",
    "rename_symlinks": "the same, of a link to one",
    "badpath_rename_from": "the same, of `.`",
    "badpath_rename_to": "the source is looked at first",
    "renameat2_flags": "two files cannot be exchanged",
    "watch_a_directory": "a change is seen outside when it is committed",
    "watch_a_file": "the same",
}
FILES = re.compile(
    r"O_CREAT|rename|truncate|mmap\(|lseek|O_APPEND|fallocate|sendfile|copy_file|unlink|big\.bin"
)
OTHER = re.compile(
    r"socket|epoll|pthread|itimer|sigaction|inotify|many/"
)  # other things, or a thousand files
PRELUDE = (Path(fixture.__file__).parent / "prelude.h").read_text()


def _about_files(source: str) -> bool:
    text = source.removeprefix(PRELUDE)
    return bool(FILES.search(text)) and not OTHER.search(text)


PROGRAMS = {
    name: source for name, source in all_programs().items() if name not in BY_DESIGN and _about_files(source)
}
SLOW = {"directory_while_deleting"}  # hundreds of files, each a commit
SAMPLE = sorted(PROGRAMS) if os.environ.get("ELFHAVEN_WHOLE") else sorted(PROGRAMS.keys() - SLOW)[::5]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sealed")
    fixture.make(root / "fixture")
    (root / "elfhaven.toml").write_text(MANIFEST)
    return root


@pytest.fixture(scope="module")
def key(room: Path) -> bytes:
    assert _inside(room, "int main(void) { return 0; }", room).status == 0
    return device_key("corpus", room / "state")


def _inside(room: Path, source: str, place: Path) -> elfhaven.Result:
    with (room / "fixture/data.txt").open("rb") as stdin:
        return elfhaven.run(
            zig.compile_program(source),
            *ARGUMENTS,
            manifest=room / "elfhaven.toml",
            state=room / "state",
            env={},
            cwd=place,
            stdin=stdin,
            capture=True,
        )


def _in_place(place: Path, change: str, key: bytes) -> None:
    """Seals every file, or unseals those that are."""
    for path in place.rglob("*"):
        if path.is_symlink() or not path.is_file():
            continue
        mode = path.stat().st_mode & 0o7777
        path.chmod(0o600)
        if change == "seal":
            seal(path, path, key)
        else:
            _unseal(path, key)
        path.chmod(mode)


def _unseal(path: Path, key: bytes) -> None:
    if path.stat().st_size:
        path.write_bytes(b"".join(unseal(path, key)))


@pytest.mark.parametrize("name", SAMPLE)
def test_it_does_with_sealed_files_what_it_does_on_linux(name: str, room: Path, key: bytes) -> None:
    there, here = room / "there", room / f"sealed-{name}"  # a name is a file's for good
    shutil.rmtree(there, ignore_errors=True)
    for place in (there, here):
        shutil.copytree(room / "fixture", place, symlinks=True)
    _in_place(here, "seal", key)
    program = zig.compile_program(PROGRAMS[name], target=outside.native_target() or zig.AARCH64)
    expected = outside.run([program, *ARGUMENTS], there, room / "fixture/data.txt")
    seen = _inside(room, PROGRAMS[name], here)
    assert seen.stdout is not None
    assert seen.stdout.decode(errors="replace") == expected.stdout.decode(errors="replace")
    assert (seen.status, seen.violated) == (expected.status, ())
    _in_place(here, "unseal", key)
    assert fixture.snapshot(here) == fixture.snapshot(there)


def test_what_differs_is_known() -> None:
    assert set(BY_DESIGN) <= set(all_programs())
    assert len(PROGRAMS) > 80
