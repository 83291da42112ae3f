# SPDX-License-Identifier: BSD-2-Clause
"""The builder and the fetching of sources: what is made once, and what is said when it cannot be made."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import build
import pytest
from debian_source import SourceApt, fetch_source

from elfhaven.errors import PackageError
from elfhaven.packages.sources import Source

ARCHIVE = Source("http://archive.invalid/debian", ("stable",), ("main",), "/keys.gpg")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def recipe(path: Path, text: str, *flags: str) -> build.Recipe:
    path.write_text(text)
    return build.Recipe("tool", "cc", (*build.OWN, *flags), lambda: [path])


def test_an_example_is_built_once(capsys: pytest.CaptureFixture[str]) -> None:
    first = build.build("hello")
    when = first.stat().st_mtime_ns
    assert build.main(["hello"]) == 0
    assert capsys.readouterr().out == f"{first}\n"
    assert (build.build("hello"), first.stat().st_mtime_ns) == (first, when)


def test_a_changed_source_or_flag_is_another_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, made = tmp_path / "tool.c", set()
    for text, flags in (("int main(void) { return 1; }", ()), ("int main(void) { return 2; }", ())):
        monkeypatch.setitem(build.RECIPES, "tool", recipe(source, text, *flags))
        made.add(build.build("tool"))
    monkeypatch.setitem(build.RECIPES, "tool", recipe(source, "int main(void) { return 2; }", "-DOTHER"))
    made.add(build.build("tool"))
    assert len(made) == 3


def test_what_does_not_compile_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(
        build.RECIPES, "tool", recipe(tmp_path / "tool.c", "int main(void) { return wrong; }")
    )
    assert build.main(["tool"]) == 1
    assert "use of undeclared identifier 'wrong'" in capsys.readouterr().err


def test_a_fetched_source_needs_no_network(cache: Path) -> None:
    sources = cache / "elfhaven" / "packages" / "sources"
    (sources / "0123").mkdir(parents=True)
    (sources / "stable-tool.json").write_text('{"tree": "0123"}')
    assert fetch_source("tool", "stable") == sources / "0123"


class FakeApt(SourceApt):
    """apt whose first `failures` downloads find that the archive has moved on."""

    def __init__(self, root: Path, failures: int, names: tuple[str, ...]) -> None:
        super().__init__(root, ARCHIVE, "stable")
        self.failures, self.names, self.words = failures, names, [""]

    def _run(self, *words: str, cwd: Path | None = None) -> None:
        self.words.append(words[0])
        if words[0] == "source":
            self.failures -= 1
            if self.failures >= 0:
                raise PackageError("404  Not Found")
            assert cwd is not None
            for name in self.names:
                (cwd / name).write_bytes(b"x")


NAMES = ("tool_1.dsc", "tool_1.orig.tar.gz", "tool_1.orig.tar.gz.asc", "tool_1.orig-www.tar.xz")


def test_lists_older_than_the_archive_are_fetched_again(tmp_path: Path) -> None:
    apt = FakeApt(tmp_path / "root", 1, NAMES)
    assert apt.upstream("tool", tmp_path) == tmp_path / "tool_1.orig.tar.gz"
    assert apt.words[1:] == ["update", "source", "update", "source"]
    entry = (tmp_path / "root" / "sources.list.d" / "private.sources").read_text()
    assert entry.splitlines()[:3] == ["Types: deb-src", f"URIs: {ARCHIVE.uri}", "Suites: stable"]


def test_a_source_that_cannot_be_had_says_so(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="404"):
        FakeApt(tmp_path / "root", 2, NAMES).upstream("tool", tmp_path)
    with pytest.raises(PackageError, match="has 0 archives"):
        FakeApt(tmp_path / "root", 0, NAMES[:1]).upstream("tool", tmp_path)


def test_an_archive_cannot_write_beside_its_directory(tmp_path: Path) -> None:
    from debian_source import _unpack

    archive = tmp_path / "tool.tar"
    with tarfile.open(archive, "w") as tar:
        tar.addfile(tarfile.TarInfo("../outside"), io.BytesIO())
    with pytest.raises(tarfile.OutsideDestinationError):
        _unpack(archive, tmp_path / "tree")
