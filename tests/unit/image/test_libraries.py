# SPDX-License-Identifier: BSD-2-Clause
"""Libraries found in a root directory: the order of ld.so's search, links that stay inside, refusals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from elfhaven.abi import elf as abi
from elfhaven.errors import ImageError
from elfhaven.image.libraries import collect, inside

LOADER = "/lib/ld-linux-aarch64.so.1"


def make_elf(
    soname: str | None, needs: Sequence[str], paths: tuple[int, str] | None, interpreter: str
) -> bytes:
    """An ELF with a dynamic section and no code; `paths` is (DT_RPATH or DT_RUNPATH, its text)."""
    texts = bytearray(b"\0")
    rows = []
    for tag, text in [
        (abi.DT_SONAME, soname),
        *((abi.DT_NEEDED, name) for name in needs),
        paths or (0, None),
    ]:
        if text is not None:
            rows.append((tag, len(texts)))
            texts += text.encode() + b"\0"
    count = 3 if interpreter else 2
    strings = abi.EHDR.size + count * abi.PHDR.size
    started = strings + len(texts)
    dynamic = -(-(started + len(interpreter) + 1) // 8) * 8
    rows += [(abi.DT_STRTAB, strings), (abi.DT_STRSZ, len(texts)), (abi.DT_NULL, 0)]
    body = (bytes(texts) + interpreter.encode()).ljust(dynamic - strings, b"\0")
    body += b"".join(abi.DYN.pack(*row) for row in rows)
    size = strings + len(body)
    headers = [(abi.PT_LOAD, 0, size), (abi.PT_DYNAMIC, dynamic, size - dynamic)]
    headers += [(abi.PT_INTERP, started, len(interpreter) + 1)] if interpreter else []
    ident = abi.MAGIC + bytes([abi.ELFCLASS64, abi.ELFDATA2LSB, abi.EV_CURRENT])
    head = abi.EHDR.pack(
        ident, abi.ET_DYN, abi.EM_AARCH64, abi.EV_CURRENT, 0, abi.EHDR.size, 0, 0,
        abi.EHDR.size, abi.PHDR.size, count, abi.SHDR.size, 0, 0,
    )  # fmt: skip
    for kind, at, length in headers:
        head += abi.PHDR.pack(kind, abi.PF_R, at, at, at, length, length, abi.PAGE)
    return head + body


class Root:
    """A root directory with an interpreter, to be filled with libraries."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.library(LOADER)

    def library(self, path: str, *needs: str, paths: tuple[int, str] | None = None) -> None:
        """A library named as its file, which needs others by name."""
        self._put(path, make_elf(Path(path).name, needs, paths, ""))

    def program(self, path: str, *needs: str, paths: tuple[int, str] | None = None) -> None:
        """A program that is started by LOADER."""
        self._put(path, make_elf(None, needs, paths, LOADER))

    def _put(self, path: str, data: bytes) -> None:
        to = self.path / path.lstrip("/")
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(data)

    def found(self, path: str, *also: str) -> list[str]:
        return [library.path for library in collect(self.path, path, also)]


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path / "root")


def test_libraries_come_in_the_order_of_loading(root: Root) -> None:
    root.library("/usr/lib/libinner.so")
    root.library("/usr/lib/libouter.so", "libinner.so")
    root.library("/usr/lib/libother.so")
    root.program("/usr/bin/prog", "libouter.so", "libother.so")
    found = root.found("/usr/bin/prog")
    assert [Path(path).name for path in found] == [
        "prog",
        "ld-linux-aarch64.so.1",
        "libouter.so",
        "libother.so",
        "libinner.so",
    ]


def test_a_library_is_taken_once_whoever_needs_it(root: Root) -> None:
    root.library("/usr/lib/libinner.so")
    root.library("/usr/lib/libouter.so", "libinner.so")
    root.program("/usr/bin/prog", "libinner.so", "libouter.so")
    assert len(root.found("/usr/bin/prog", "libinner.so")) == 4


def test_runpath_goes_before_the_directories_built_in(root: Root) -> None:
    for directory in ("/usr/lib", "/opt/lib"):
        root.library(f"{directory}/libone.so")
    paths = (abi.DT_RUNPATH, "$ORIGIN/../../opt/lib")
    root.program("/usr/bin/prog", "libone.so", paths=paths)
    assert root.found("/usr/bin/prog")[2] == "/usr/bin/../../opt/lib/libone.so"


def test_runpath_does_not_help_the_libraries_of_a_library(root: Root) -> None:
    root.library("/opt/lib/libinner.so")
    root.library("/opt/lib/libouter.so", "libinner.so")
    paths = (abi.DT_RUNPATH, "/opt/lib")
    root.program("/usr/bin/prog", "libouter.so", paths=paths)
    with pytest.raises(ImageError, match=r"/opt/lib/libouter\.so: needs libinner\.so"):
        root.found("/usr/bin/prog")


def test_rpath_helps_the_libraries_of_a_library(root: Root) -> None:
    root.library("/opt/lib/libinner.so")
    root.library("/opt/lib/libouter.so", "libinner.so")
    paths = (abi.DT_RPATH, "/opt/lib")
    root.program("/usr/bin/prog", "libouter.so", paths=paths)
    assert root.found("/usr/bin/prog")[2:] == ["/opt/lib/libouter.so", "/opt/lib/libinner.so"]


def test_configuration_names_more_directories(root: Root) -> None:
    root.library("/opt/deep/libone.so")
    root.program("/usr/bin/prog", "libone.so")
    (root.path / "etc/ld.so.conf.d").mkdir(parents=True)
    (root.path / "etc/ld.so.conf").write_text("include /etc/ld.so.conf.d/*.conf\n")
    (root.path / "etc/ld.so.conf.d/deep.conf").write_text("# where it is\n/opt/deep\n")
    assert root.found("/usr/bin/prog")[2] == "/opt/deep/libone.so"


def test_what_is_no_library_is_passed_over(root: Root) -> None:
    root.library("/usr/lib/libone.so")
    root.program("/usr/bin/prog", "libone.so")
    (root.path / "lib/libone.so").write_text("INPUT(libone.so.1)\n")
    assert root.found("/usr/bin/prog")[2] == "/usr/lib/libone.so"


def test_links_are_followed_within_the_root(root: Root) -> None:
    root.library("/usr/lib/libone.so.1.2")
    root.program("/usr/bin/prog", "libone.so.1")
    (root.path / "usr/lib/libone.so.1").symlink_to("/usr/lib/libone.so.1.2")
    assert collect(root.path, "/usr/bin/prog")[2].file.name == "libone.so.1.2"


def test_no_link_leads_out(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "secret").write_text("out")
    (tmp_path / "root/up").symlink_to("../../../secret")
    (tmp_path / "root/round").symlink_to("/round")
    assert inside(tmp_path / "root", "/up") is None
    assert inside(tmp_path / "root", "/../secret") is None
    assert inside(tmp_path / "root", "/round") is None


def test_a_merged_usr_may_lack_its_links(root: Root) -> None:
    root.library("/usr/lib/libone.so")
    root.program("/usr/bin/prog", "libone.so")
    (root.path / "lib").rename(root.path / "usr/moved")
    (root.path / "usr/moved/ld-linux-aarch64.so.1").rename(root.path / "usr/lib/ld-linux-aarch64.so.1")
    assert root.found("/bin/prog")[1] == LOADER


@pytest.mark.parametrize(
    ("path", "cause"),
    [("/usr/bin/none", "is not in"), ("/etc/text", "not an ELF file"), ("/etc", "is not in")],
)
def test_a_program_that_cannot_be_read_is_refused(root: Root, path: str, cause: str) -> None:
    (root.path / "etc").mkdir()
    (root.path / "etc/text").write_text("words")
    with pytest.raises(ImageError, match=cause):
        root.found(path)


def test_a_library_that_is_missing_is_named_with_where_it_was_looked_for(root: Root) -> None:
    root.library("/usr/lib/libone.so")
    root.program("/usr/bin/prog", "libone.so")
    (root.path / "usr/lib/libone.so").unlink()
    with pytest.raises(
        ImageError, match=r"/usr/bin/prog: needs libone\.so, which is in none of /lib/aarch64"
    ):
        root.found("/usr/bin/prog")


def test_what_glibc_opens_for_threads_that_end_is_there(root: Root) -> None:
    """By itself, no library needs it; only where something may ask for it, and where the system has it."""
    root.library("/usr/lib/libc.so.6")
    root.program("/usr/bin/plain", "libc.so.6")
    root.program("/usr/bin/threads", "libc.so.6", "pthread_exit")
    root.library("/usr/lib/pthread_exit")  # its name stands where a symbol's does
    assert "/usr/lib/libgcc_s.so.1" not in root.found("/usr/bin/threads")
    root.library("/usr/lib/libgcc_s.so.1", "libc.so.6")
    assert root.found("/usr/bin/threads")[-1] == "/usr/lib/libgcc_s.so.1"
    assert "/usr/lib/libgcc_s.so.1" not in root.found("/usr/bin/plain")
