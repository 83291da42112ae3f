# SPDX-License-Identifier: BSD-2-Clause
"""The whole way through apt, over a signed archive in a local directory: no network."""

import hashlib
import shutil
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from elfhaven.errors import PackageError
from elfhaven.packages import Source, fetch
from elfhaven.packages.database import Database, Package

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("dpkg-deb", "apt-get", "gpg"))), reason="needs apt, dpkg-deb and gpg"
)
COPYRIGHT = "Files: *\nLicense: SAND-1\n\nFiles: x\nLicense: BSD-2-Clause\n text\n\nLicense: SAND-1\n"


def _shell(*words: object, cwd: Path | None = None) -> None:
    subprocess.run([str(word) for word in words], check=True, capture_output=True, cwd=cwd)


def _archive(root: Path) -> Source:
    """A suite `sand` with the one package `grain`, signed with a key made here."""
    package = root / "grain"
    (package / "DEBIAN").mkdir(parents=True)
    (package / "usr/share").mkdir(parents=True)
    (package / "usr/share/grain").write_text("of sand\n")
    (package / "usr/share/doc/grain").mkdir(parents=True)
    (package / "usr/share/doc/grain/copyright").write_text(COPYRIGHT)
    (package / "usr/share/base-passwd").mkdir()
    (package / "usr/share/base-passwd/passwd.master").write_text("root:*:0:0:root:/root:/bin/bash\n")
    control = (
        "Package: grain\nVersion: 1\nArchitecture: all\nMaintainer: none <n@example>\nDescription: grain\n"
    )
    (package / "DEBIAN/control").write_text(control)
    lists = root / "dists/sand/main/binary-amd64"
    lists.mkdir(parents=True)
    _shell("dpkg-deb", "--build", "--root-owner-group", package, root / "grain.deb")
    deb = (root / "grain.deb").read_bytes()
    digest = hashlib.sha256(deb).hexdigest()
    index = f"{control}Filename: ./grain.deb\nSize: {len(deb)}\nSHA256: {digest}\n".encode()
    (lists / "Packages").write_bytes(index)
    release = (
        "Suite: sand\nCodename: sand\nArchitectures: all amd64\nComponents: main\n"
        "Date: Sat, 01 Jan 2022 00:00:00 UTC\nSHA256:\n"
        f" {hashlib.sha256(index).hexdigest()} {len(index)} main/binary-amd64/Packages\n"
    )
    (root / "dists/sand/Release").write_text(release)
    return Source(f"file:{root}", ("sand",), ("main",), str(_sign(root)))


def _sign(root: Path) -> Path:
    home = root / "gpg"
    home.mkdir(mode=0o700)
    gpg = ["gpg", "--homedir", home, "--batch", "--yes", "--pinentry-mode", "loopback", "--passphrase", ""]
    _shell(*gpg, "--quick-generate-key", "grain <n@example>", "ed25519", "sign", "never")
    suite = root / "dists/sand"
    _shell(*gpg, "--clearsign", "-o", suite / "InRelease", suite / "Release")
    _shell(*gpg, "--export", "-o", root / "key.gpg")
    _shell("gpgconf", "--homedir", home, "--kill", "all")
    return root / "key.gpg"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "archive"


@pytest.fixture
def grain(root: Path, tmp_path: Path) -> Callable[..., Path]:
    return partial(
        fetch, suite="sand", architecture="amd64", cache=tmp_path / "cache", archive=_archive(root)
    )


def test_packages_are_unpacked_once(grain: Callable[..., Path], root: Path) -> None:
    tree = grain(["grain"])
    assert (tree / "usr/share/grain").read_text() == "of sand\n"
    with pytest.raises(PackageError, match="failed"):
        grain(["none-such"])
    shutil.rmtree(root)
    assert grain(["grain"]) == tree


def test_a_list_that_its_signature_does_not_cover_is_refused(grain: Callable[..., Path], root: Path) -> None:
    index = root / "dists/sand/main/binary-amd64/Packages"
    index.write_bytes(index.read_bytes().replace(b"Version: 1", b"Version: 2"))
    with pytest.raises(PackageError, match="update of sand amd64 failed"):
        grain(["grain"])


def test_a_package_that_the_list_does_not_describe_is_refused(
    grain: Callable[..., Path], root: Path, tmp_path: Path
) -> None:
    deb = root / "grain.deb"
    deb.write_bytes(deb.read_bytes()[:-1] + b"x")
    with pytest.raises(PackageError, match="download of sand amd64 failed"):
        grain(["grain"])
    assert not list((tmp_path / "cache").glob("trees/*"))


def test_what_packages_brought_can_be_asked(grain: Callable[..., Path]) -> None:
    tree = grain(["grain"], noted=True)
    grain_itself = Package("grain", "1", ("SAND-1", "BSD-2-Clause"))
    packages = Database(tree)
    assert packages.owner("/usr/share/grain") == grain_itself
    assert packages.package("grain") == grain_itself
    assert packages.owner("/usr/share/none") is packages.package("none") is None
    assert tree != grain(["grain"])
    assert Database(grain(["grain"])).owner("/usr/share/grain") is None


def test_a_file_is_found_by_either_name_of_a_merged_usr(tmp_path: Path) -> None:
    """As in an installed system, with lists named by architecture."""
    notes = tmp_path / "var/lib/dpkg"
    (notes / "info").mkdir(parents=True)
    (notes / "status").write_text(
        "Package: a\nVersion: 1\n\nPackage: b\nStatus: x\nVersion: 2:3\nDescription: d\n t\n"
    )
    (notes / "info/a.list").write_text("/.\n/lib\n/lib/one\n")
    (notes / "info/b:arm64.list").write_text("/usr/lib/two\n")
    packages = Database(tmp_path)
    assert packages.owner("/usr/lib/one") == packages.owner("/lib/one") == Package("a", "1")
    assert packages.owner("/lib/two") == packages.owner("/usr/lib/two") == Package("b", "2:3")


def test_the_files_that_scripts_make_of_the_base_are_there(grain: Callable[..., Path]) -> None:
    tree = grain(["grain"], noted=True)
    assert (tree / "etc/passwd").read_text() == "root:*:0:0:root:/root:/bin/bash\n"
    assert not (tree / "etc/group").is_symlink()
