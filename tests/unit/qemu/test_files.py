# SPDX-License-Identifier: BSD-2-Clause
"""The files that a machine boots from, read back by hand."""

from __future__ import annotations

import shutil
import stat
import struct
import subprocess
from pathlib import Path
from uuid import UUID

import pytest

from elfhaven.errors import TargetError
from elfhaven.target.qemu import fip
from elfhaven.target.qemu.cache import digest, make_once
from elfhaven.target.qemu.cpio import Cpio
from elfhaven.target.qemu.extras import extra_archive


def _entries(archive: bytes) -> dict[str, tuple[int, bytes, tuple[int, int]]]:
    """name -> mode, data, device; as the kernel reads newc."""
    found, at = {}, 0
    while True:
        assert archive[at : at + 6] == b"070701"
        fields = [int(archive[at + 6 + 8 * i : at + 14 + 8 * i], 16) for i in range(13)]
        name_at = at + 110
        name = archive[name_at : name_at + fields[11] - 1].decode()
        data_at = (name_at + fields[11] + 3) & ~3
        if name == "TRAILER!!!":
            return found
        found[name] = (fields[1], archive[data_at : data_at + fields[6]], (fields[9], fields[10]))
        at = (data_at + fields[6] + 3) & ~3


def test_an_archive_holds_what_was_put_in() -> None:
    archive = Cpio()
    archive.file("usr/bin/tool", b"12345", 0o755)
    archive.directory("usr")
    archive.link("bin", "usr/bin")
    archive.character_device("dev/console", 5, 1)
    entries = _entries(archive.done())
    assert list(entries) == ["usr", "usr/bin", "usr/bin/tool", "bin", "dev", "dev/console"]
    assert entries["usr/bin/tool"] == (stat.S_IFREG | 0o755, b"12345", (0, 0))
    assert entries["bin"] == (stat.S_IFLNK | 0o777, b"usr/bin", (0, 0))
    assert entries["dev/console"] == (stat.S_IFCHR | 0o600, b"", (5, 1))
    assert entries["usr"][0] == stat.S_IFDIR | 0o755


def test_a_second_archive_adds_trees_and_touches_nothing_of_the_first(tmp_path: Path) -> None:
    extra, guest = tmp_path / "extra", tmp_path / "guest"
    for path, text in (
        ("usr/lib/aarch64-linux-gnu/libc.so.6", "another libc"),
        ("lib/x/tool", "of a tree that is not merged"),
        ("usr/bin/python3.13", "python"),
        ("usr/share/doc/python3/README", "unread"),
    ):
        (extra / path).parent.mkdir(parents=True, exist_ok=True)
        (extra / path).write_text(text)
    (extra / "usr/bin/python3.13").chmod(0o755)
    (extra / "usr/bin/python3").symlink_to("python3.13")
    (guest / "usr/lib/aarch64-linux-gnu").mkdir(parents=True)
    (guest / "usr/lib/aarch64-linux-gnu/libresolv.so.2").write_text("of the same libc")
    (guest / "usr/bin").mkdir()
    (guest / "usr/bin/other").write_text("what the first archive leaves out stays out")
    first = Cpio()
    first.file("usr/lib/aarch64-linux-gnu/libc.so.6", b"libc")
    first.link("lib", "usr/lib")
    entries = _entries(extra_archive(first, [extra], guest))
    assert set(entries) == {
        *("usr/bin", "usr/bin/python3", "usr/bin/python3.13", "usr/lib/x", "usr/lib/x/tool"),
        *("usr/lib/aarch64-linux-gnu/libresolv.so.2", "usr/share"),
    }
    assert entries["usr/bin/python3.13"] == (stat.S_IFREG | 0o755, b"python", (0, 0))
    assert entries["usr/bin/python3"] == (stat.S_IFLNK | 0o777, b"python3.13", (0, 0))


def test_a_file_cannot_be_put_in_twice() -> None:
    archive = Cpio()
    archive.file("a", b"")
    with pytest.raises(ValueError, match="twice"):
        archive.file("a", b"")


@pytest.mark.skipif(shutil.which("cpio") is None, reason="needs cpio")
def test_cpio_reads_the_archive(tmp_path: Path) -> None:
    archive = Cpio()
    archive.file("d/f", b"text")
    subprocess.run(["cpio", "-id"], input=archive.done(), cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "d/f").read_bytes() == b"text"


def test_a_flash_image_names_its_parts() -> None:
    other = UUID("11223344-5566-7788-99aa-bbccddeeff00")
    image = fip.flash(b"bl1", [(fip.BL2, b"second"), (other, b"third!!")])
    assert image[:4] == b"bl1\0"
    package = image[fip.FIP_AT :]
    assert struct.unpack_from("<IIQ", package) == (0xAA640001, 0x12345678, 0)
    found = {}
    at = 16
    while any(package[at : at + 16]):
        name, offset, size, flags = struct.unpack_from("<16sQQQ", package, at)
        found[UUID(bytes=name)] = package[offset : offset + size]
        assert flags == 0
        at += 40
    assert found == {fip.BL2: b"second", other: b"third!!"}
    assert struct.unpack_from("<16sQQQ", package, at) == (bytes(16), len(package), 0, 0)


def test_a_first_loader_that_is_too_large() -> None:
    with pytest.raises(TargetError, match="BL1"):
        fip.flash(bytes(fip.FIP_AT + 1), [])


def test_a_directory_is_made_once(tmp_path: Path) -> None:
    made: list[Path] = []

    def make(directory: Path) -> None:
        made.append(directory)
        (directory / "file").write_text("content")

    first = make_once("thing", "key", make, tmp_path)
    assert (first / "file").read_text() == "content"
    assert make_once("thing", "key", make, tmp_path) == first
    assert make_once("thing", "other", make, tmp_path) != first
    assert len(made) == 2


def test_what_a_kill_left_is_removed_and_never_used(tmp_path: Path) -> None:
    class Killed(BaseException):
        pass

    def half(directory: Path) -> None:
        (directory / "file").write_text("ha")
        raise Killed

    left = tmp_path / "making-thing-abc"
    left.mkdir()
    (left / "file").write_text("left by a kill")
    with pytest.raises(Killed):
        make_once("thing", "key", half, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thing.lock"]
    whole = make_once("thing", "key", lambda directory: (directory / "file").touch(), tmp_path)
    assert whole.is_dir()


def test_a_digest_knows_its_parts_apart() -> None:
    assert digest("ab", "c") != digest("a", "bc")
    assert digest("ab", b"c") == digest(b"ab", "c")
