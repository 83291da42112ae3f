# SPDX-License-Identifier: BSD-2-Clause
"""The builder and the fetching of sources: what is made once, and what is said when it cannot be made."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import build
import pytest
from debian_source import fetch_source, upstream

from elfhaven.errors import PackageError


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
    sources = cache / "elfhaven" / "examples" / "sources"
    (sources / "0123").mkdir(parents=True)
    (sources / "stable-tool.json").write_text('{"tree": "0123"}')
    assert fetch_source("tool", "stable") == sources / "0123"


def test_upstreams_archive_is_told_from_what_lies_beside_it() -> None:
    names = ("tool_1.dsc", "tool_1.orig.tar.gz", "tool_1.orig.tar.gz.asc", "tool_1.orig-www.tar.xz")
    files = [Path(name) for name in names]
    assert upstream(files, "tool") == files[1]
    with pytest.raises(PackageError, match="holds 0 upstream archives"):
        upstream(files[:1], "tool")


def test_an_archive_cannot_write_beside_its_directory(tmp_path: Path) -> None:
    from debian_source import _unpack

    archive = tmp_path / "tool.tar"
    with tarfile.open(archive, "w") as tar:
        tar.addfile(tarfile.TarInfo("../outside"), io.BytesIO())
    with pytest.raises(tarfile.OutsideDestinationError):
        _unpack(archive, tmp_path / "tree")
