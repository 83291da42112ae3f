# SPDX-License-Identifier: BSD-2-Clause
"""The host's apt sources in both forms, and what stops a fetch."""

from pathlib import Path

import pytest

from elfhaven.errors import PackageError
from elfhaven.packages import Source, fetch, parse_deb822, parse_one_line
from elfhaven.packages.sources import archive_of, read_sources

DEB822 = """\
# a mirror
Types: deb deb-src
URIs: http://mirror.example/debian http://second.example/debian
Suites: sand sand-updates
Components: main contrib
Signed-By: /keys/a.gpg

Types: deb
URIs: http://mirror.example/security
Suites: sand-security
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc
 -----END PGP PUBLIC KEY BLOCK-----

Enabled: no
Types: deb
URIs: http://off.example
Suites: sand
Components: main

Types: deb-src
URIs: http://src.example
Suites: sand
Components: main
"""

ONE_LINE = """\
# deb http://commented.example sand main
deb [arch=amd64 signed-by=/keys/a.gpg] http://mirror.example/debian sand main contrib # tail
deb [ trusted=yes ] http://other.example/x sand/
deb-src http://src.example sand main
deb http://plain.example sand main
"""


def test_deb822_paragraphs() -> None:
    first, second, security = parse_deb822(DEB822)
    assert first == Source(
        "http://mirror.example/debian", ("sand", "sand-updates"), ("main", "contrib"), "/keys/a.gpg"
    )
    assert second.uri == "http://second.example/debian"
    assert security.suites == ("sand-security",)
    assert security.signed_by.splitlines()[1] == " -----BEGIN PGP PUBLIC KEY BLOCK-----"
    assert len(list(parse_deb822(security.for_suite("wind")))) == 1


def test_one_line_entries() -> None:
    assert list(parse_one_line(ONE_LINE)) == [
        Source("http://mirror.example/debian", ("sand",), ("main", "contrib"), "/keys/a.gpg"),
        Source("http://other.example/x", ("sand/",), ()),
        Source("http://plain.example", ("sand",), ("main",)),
    ]


def test_another_suite_comes_from_the_same_mirror_under_the_same_keys(tmp_path: Path) -> None:
    (tmp_path / "a.sources").write_text(DEB822)
    (tmp_path / "b.list").write_text(ONE_LINE)
    found = read_sources([tmp_path / "missing.list", tmp_path / "a.sources", tmp_path / "b.list"])
    assert len(found) == 6
    archive = archive_of(found, "sand")
    assert archive.for_suite("wind") == (
        "Types: deb\nURIs: http://mirror.example/debian\nSuites: wind\nComponents: main\n"
        "Signed-By: /keys/a.gpg\n"
    )


def test_no_archive_for_the_release() -> None:
    with pytest.raises(PackageError, match="no archive for its own release"):
        archive_of(parse_deb822(DEB822), "stone")


def test_without_apt_the_error_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PackageError, match="is not on this machine"):
        fetch(["hello"], suite="sand", architecture="amd64", cache=tmp_path / "cache")


def test_a_cache_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PackageError, match="package cache"):
        fetch(["hello"], suite="sand", architecture="amd64", cache=tmp_path / "file" / "cache")
