# SPDX-License-Identifier: BSD-2-Clause
"""Programs that are linked for a fixed address: in the emulator's permissive profile alone."""

from __future__ import annotations

from pathlib import Path

import pytest

import elfhaven
from elfhaven.errors import ImageError, TeeError, UsageError
from elfhaven.manifest import Manifest
from elfhaven.packages import sysroot
from elfhaven.sdk.packaging import pack_program
from elfhaven.sdk.program import Result
from elfhaven.target.emulator import Emulator
from elfhaven.target.state import StateDirectory
from tests.support import outside
from tests.support.zig import compile_program

FIXED = ("-static", "-fno-PIE", "-no-pie", "-O1", "-w")
PROGRAM = r"""
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static int numbers[] = {3, 1, 2}, *second = &numbers[1];
static _Thread_local int mine = 5;
static int by_value(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
static int (*compare)(const void *, const void *) = by_value;
static void *thread(void *given) { mine += *(int *)given; return memset(malloc(64), mine, 64); }
__attribute__((noinline)) static void falls(void) { *(volatile int *)8 = 1; }
int main(int argc, char **argv) {
    pthread_t id;
    char *made;
    printf("%d %d\n", *second, (unsigned long)main < 1ul << 30);
    qsort(numbers, 3, sizeof *numbers, compare);
    pthread_create(&id, 0, thread, &numbers[2]);
    pthread_join(id, (void **)&made);
    printf("%d%d%d %d %d %s\n", numbers[0], numbers[1], numbers[2], made[63], mine, argv[1]);
    if (argc > 2) { fflush(stdout); falls(); }
    return 9;
}
"""
SCRIPT = """
import hashlib, json, re, sys
print(json.dumps({"a": [1, 2.5, None]}), hashlib.sha3_256(b"x").hexdigest(), re.sub("a+", "b", "caaat"))
sys.exit(len(sys.argv))
"""
DATABASE = """
import sqlite3
base = sqlite3.connect(":memory:")
base.execute("create table t(a)")
base.executemany("insert into t values(?)", [(i,) for i in range(100)])
print(base.execute("select sum(a), count(*) from t where a % 3 = 1").fetchone())
"""
BUSYBOX = {
    "sort": ("sort", "-r", "script.py"),
    "sha256sum": ("sha256sum", "script.py"),
    "shell": ("sh", "-c", "i=0; while [ $i -lt 3 ]; do i=$((i+1)); echo $i; done; exit 4"),
    "sed": ("sed", "-n", "s/import/<&>/p", "script.py"),
    "absent": ("cat", "absent"),
}


@pytest.fixture
def program() -> str:
    return str(compile_program(PROGRAM, flags=FIXED))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    made = tmp_path / "place"
    made.mkdir()
    (made / "script.py").write_text(SCRIPT)
    (made / "database.py").write_text(DATABASE)
    return made


def test_it_runs_where_it_is_linked(program: str, tmp_path: Path) -> None:
    seen = elfhaven.run(program, "word", memory="permissive", state=tmp_path, capture=True)
    assert (seen.stdout, seen.status) == (b"1 1\n123 8 5 word\n", 9)


def test_its_loops_can_be_stoppable(program: str, tmp_path: Path) -> None:
    manifest = Manifest(stoppable=True)
    seen = elfhaven.run(program, "word", memory="permissive", manifest=manifest, state=tmp_path, capture=True)
    assert (seen.stdout, seen.status) == (b"1 1\n123 8 5 word\n", 9)


def test_a_fault_is_told_with_its_function(program: str, tmp_path: Path) -> None:
    seen = elfhaven.run(program, "a", "b", memory="permissive", state=tmp_path, capture=True)
    assert seen.status == 139
    assert seen.fault is not None
    assert "falls" in seen.fault, seen.fault


@pytest.mark.parametrize("memory", ["stock", "large"])
def test_a_profile_of_a_real_op_tee_refuses_it(memory: str, program: str, tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="ET_EXEC") as refused:
        elfhaven.run(program, memory=memory, state=tmp_path)
    assert "-static-pie" in str(refused.value.fix)
    assert "--memory permissive" in str(refused.value.fix)


@pytest.mark.parametrize("target", ["qemu", "ssh:root@board"])
def test_a_real_op_tee_refuses_it(target: str, program: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no OP-TEE can do"):
        elfhaven.run(program, target=target, memory="permissive", state=tmp_path)
    with pytest.raises(ImageError, match="ET_EXEC"):
        elfhaven.run(program, target=target, state=tmp_path)


def test_no_file_of_it_is_made_for_a_board(program: str, tmp_path: Path) -> None:
    elfhaven.run(program, "word", memory="permissive", state=tmp_path, capture=True)  # it lies in the cache
    with pytest.raises(ImageError, match="ET_EXEC"):
        elfhaven.pack(program, output=tmp_path / "fixed.ta")
    assert not (tmp_path / "fixed.ta").exists()


@pytest.mark.parametrize("memory", ["stock", "large"])
def test_the_core_refuses_its_image_as_ldelf_does(memory: str, program: str, tmp_path: Path) -> None:
    packed = pack_program(program, None, fixed=True)
    images = {packed.uuid: packed.path.read_bytes()}
    with Emulator(StateDirectory(tmp_path), memory, images) as place:
        with pytest.raises(TeeError, match="BAD_FORMAT"):
            place.context.open_session(packed.uuid)
        assert any("ET_DYN" in line for line in place.console)


def test_one_linked_where_the_runtime_lies_is_refused_with_the_address(tmp_path: Path) -> None:
    low = compile_program("int main(void) { return 0; }", flags=(*FIXED, "-Wl,--image-base=0x50000"))
    with pytest.raises(ImageError, match="linked for 0x50000") as refused:
        elfhaven.run(str(low), memory="permissive", state=tmp_path)
    assert "-Wl," in str(refused.value.fix)


def _inside(packages: tuple[str, ...], command: tuple[str, ...], place: Path, **how: object) -> Result:
    return elfhaven.run(
        *command,
        debian=packages,
        memory="permissive",
        state=place.parent / "state",
        env={},
        cwd=place,
        capture=True,
        **how,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("name", BUSYBOX)
def test_debians_static_busybox(name: str, place: Path) -> None:
    root = sysroot(("busybox-static",), suite="trixie")
    command = BUSYBOX[name]
    expected = outside.run([outside.qemu(), root / "usr/bin/busybox", *command], place, place / "script.py")
    seen = _inside(("busybox-static",), ("busybox", *command), place)
    assert (seen.stdout, seen.status) == (expected.stdout, expected.status)
    if not seen.denied:
        assert seen.stderr == expected.stderr


def test_debians_python(place: Path) -> None:
    """Its modules come out of the package, pinned."""
    packages = ("python3.13-minimal",)
    root = sysroot(packages, suite="trixie")
    home = ("-E", f"PYTHONHOME={root}/usr")
    linker = (root / "usr/lib/ld-linux-aarch64.so.1", "--library-path", root / "usr/lib/aarch64-linux-gnu")
    words = [outside.qemu(), *home, *linker, root / "usr/bin/python3.13", "script.py", "word"]
    expected = outside.run(words, place, place / "script.py")
    seen = _inside(packages, ("python3.13", "script.py", "word"), place)
    assert seen.fault is None, seen.fault
    assert (seen.stdout, seen.status) == (expected.stdout, 2)


def test_debians_python_with_its_modules_in_c(place: Path) -> None:
    manifest = place / "elfhaven.toml"
    manifest.write_text(
        "[files]\nread = ['.']\nlibraries = ['/usr/lib/python3.13/lib-dynload/_sqlite3.*.so']\n"
    )
    seen = _inside(("python3.13",), ("python3.13", "database.py"), place, manifest=manifest)
    assert seen.fault is None, seen.fault
    assert (seen.stdout, seen.status) == (b"(1617, 33)\n", 0)
