# SPDX-License-Identifier: BSD-2-Clause
"""What dynamic programs of a system lean on, with Debian's own C library: inside, and outside under qemu.

dlopen, IFUNC, thread-local storage of every model, RELRO, locales, iconv's modules, the name service switch;
and what `inspect` tells of it.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

import elfhaven
from elfhaven.packages import sysroot
from tests.conformance.debian import SUITE, run_under_qemu
from tests.support import outside, zig

HERE = Path(__file__).parent / "libraries"
GNU = "aarch64-linux-gnu.2.36"
MULTIARCH = "usr/lib/aarch64-linux-gnu"
PLUGIN = f"/{MULTIARCH}/plugin.so"
GCONV = tuple(f"/{MULTIARCH}/gconv/{name}.so" for name in ("KOI8-R", "UTF-16"))
COMPAT = f"/{MULTIARCH}/libnss_compat.so.2"
RELRO = ("-Wl,-z,relro,-z,now", "-rdynamic", "-w", "-O1", "-fno-sanitize=all")
ETC = {
    "passwd": "root:x:0:0::/:/bin/sh\nkeeper:x:7:700::/haven:/bin/false\n",
    "group": "harbour:x:700:\n",
    "services": "elfhaven 4711/tcp\n",
    "hosts": "192.0.2.7 haven.example\n",
    "nsswitch.conf": "passwd: compat\ngroup: files\nhosts: files\nservices: files\n",
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Debian's C library, a program, a library that it opens, and the files that say who is who."""
    made = tmp_path_factory.mktemp("system") / "root"
    shutil.copytree(sysroot(["libc6"], suite=SUITE), made, symlinks=True)
    parts = {"main.c": "usr/bin/program", "plugin.c": PLUGIN[1:]}
    for source, place in parts.items():
        flags = (*RELRO, *(("-fPIE", "-pie") if source == "main.c" else ("-shared", "-fPIC")))
        built = zig.compile_program((HERE / source).read_text(), target=GNU, flags=flags)
        (made / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(built, made / place)
    for name, text in ETC.items():
        (made / "etc" / name).unlink(missing_ok=True)
        (made / "etc" / name).write_text(text)
    return made


def _manifest(place: Path, *libraries: str) -> Path:
    made = place / "elfhaven.toml"
    made.write_text(f"[files]\nlibraries = [{', '.join(map(repr, libraries))}]\n")
    return made


def _outside(root: Path, tmp_path: Path) -> outside.Seen:
    (tmp_path / "stdin").touch()
    return run_under_qemu(root, ("program", PLUGIN), tmp_path, tmp_path / "stdin")


def _inside(root: Path, tmp_path: Path, *libraries: str) -> elfhaven.Result:
    return elfhaven.run(
        "program",
        PLUGIN,
        sysroot=root,
        manifest=_manifest(tmp_path, *libraries),
        memory="large",
        state=tmp_path / "state",
        env={},
        cwd=tmp_path,
        capture=True,
    )


def test_a_program_finds_all_that_its_manifest_names(root: Path, tmp_path: Path) -> None:
    expected = _outside(root, tmp_path)
    seen = _inside(root, tmp_path, PLUGIN, *GCONV, COMPAT)
    assert expected.stdout.count(b"\n") >= 10, expected
    assert b"/haven harbour 4711 192.0.2.7" in expected.stdout
    assert (seen.stdout, seen.stderr, seen.status) == (expected.stdout, expected.stderr, 0)
    assert not seen.denied


def test_what_it_does_not_name_is_not_opened(root: Path, tmp_path: Path) -> None:
    seen = _inside(root, tmp_path, PLUGIN)
    assert b"iconv KOI8-R: Invalid argument\n" in (seen.stdout or b"")
    assert b"names: nobody harbour" in (seen.stdout or b"")
    assert "files.libraries" in seen.denied
    none = _inside(root, tmp_path)
    assert (none.status, none.denied) == (1, ("files.libraries",))
    assert (none.stdout or b"").startswith(
        b"dlopen: /usr/lib/aarch64-linux-gnu/plugin.so: failed to map segment"
    )


def test_a_packed_file_that_reads_its_system_says_where_it_is_missing(root: Path, tmp_path: Path) -> None:
    ta = tmp_path / "program.ta"
    manifest = _manifest(tmp_path, PLUGIN)
    elfhaven.pack("program", sysroot=root, manifest=manifest, output=ta, on_note=str)
    how = {"memory": "large", "state": tmp_path / "state", "env": {}, "cwd": tmp_path, "capture": True}
    there = elfhaven.run(ta, PLUGIN, sysroot=root, **how)  # type: ignore[arg-type]
    assert b"harbour 4711" in (there.stdout or b"")
    assert not any("--sysroot" in note for note in there.notes)
    none = elfhaven.run(ta, PLUGIN, **how)  # type: ignore[arg-type]
    assert b"names: nobody none -1" in (none.stdout or b"")
    assert sum("--debian or --sysroot" in note for note in none.notes) == 1


def test_inspect_tells_what_is_bundled_and_from_where(root: Path, tmp_path: Path) -> None:
    ta = tmp_path / "program.ta"
    elfhaven.pack("program", sysroot=root, manifest=_manifest(tmp_path, PLUGIN), output=ta, on_note=str)
    shown = elfhaven.inspect(ta)
    images = shown["images"]
    assert isinstance(images, list)
    libc = next(line for line in images if line.startswith("libc.so.6 "))
    digest = hashlib.sha256((root / MULTIARCH / "libc.so.6").read_bytes()).hexdigest()
    assert "libc.so.6 of libc6 2." in libc
    assert libc.endswith(f"SHA-256 {digest}")
    plugin = next(line for line in images if line.startswith(PLUGIN))
    assert " of " not in plugin
    packages = shown["packages"]
    assert isinstance(packages, list)
    assert any(line.startswith("libc6 2.") and "LGPL-2.1+" in line for line in packages)
    assert " files, " in str(shown["system"])
