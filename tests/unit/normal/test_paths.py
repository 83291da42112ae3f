# SPDX-License-Identifier: BSD-2-Clause
"""Where paths may lead: links and '..' do not leave the policy, and errors tell nothing of the rest."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.unit.normal.delegation import Requester

from elfhaven import manifest
from elfhaven.abi import linux
from elfhaven.normal.agent import Agent
from elfhaven.normal.linux.paths import Resolver
from elfhaven.normal.policy import LOOK, READ, WRITE, Root, RootPolicy

ELOOP = linux.ERRNO["ELOOP"]
ENOTDIR = linux.ERRNO["ENOTDIR"]


def opened(requester: Requester, path: str, flags: int = 0) -> int:
    """The result of opening a path and closing it again."""
    result = requester.call("openat", [50, flags, 0o600], [path], room=32)
    if result == 0:
        requester.call("close", [50])
    return result


def test_links_inside_are_followed(requester: Requester, place: Path) -> None:
    os.symlink("data", place / "in/short")
    os.symlink(f"{place}/in/short", place / "in/long")
    os.symlink("../in", place / "in/loopback")
    assert opened(requester, f"{place}/in/long") == 0
    assert opened(requester, f"{place}/in/loopback/loopback/data") == 0
    assert opened(requester, f"{place}/in/long", linux.O_NOFOLLOW) == -ELOOP
    assert requester.call("readlinkat", [100], [f"{place}/in/short"], room=100) == 4
    assert requester.output(4) == b"data"
    assert requester.call("readlinkat", [2], [f"{place}/in/short"], room=100) == 2


def test_links_out_are_refused(requester: Requester, place: Path) -> None:
    os.symlink(f"{place}/secret", place / "in/dir")
    os.symlink("../secret/key", place / "in/file")
    os.symlink("../secret/new", place / "out/new")
    for path in ("in/dir/key", "in/file", "in/dir", "in/dir/", "in/dir/missing", "in/dir/none/deep"):
        assert opened(requester, f"{place}/{path}") == -linux.EACCES, path
    assert opened(requester, f"{place}/out/new", linux.O_CREAT | linux.O_WRONLY) == -linux.EACCES
    assert requester.call("truncate", [0], [f"{place}/in/file"]) == -linux.EACCES
    assert (place / "secret/key").read_bytes() == b"secret"
    assert not (place / "secret/new").exists()


def test_dots_are_resolved_where_they_lead(requester: Requester, place: Path) -> None:
    os.symlink(f"{place}/secret", place / "in/dir")
    (place / "in/sub").mkdir()
    assert opened(requester, f"{place}/in/sub/../data") == 0
    assert opened(requester, f"{place}/in/../secret/key") == -linux.EACCES
    assert opened(requester, f"{place}/in/dir/../in/data") == 0
    assert opened(requester, f"{place}/in/dir/..") == -linux.EACCES
    assert opened(requester, f"{place}/in/./sub/.", linux.O_DIRECTORY) == 0


def test_errors_are_linuxs_where_allowed(requester: Requester, place: Path) -> None:
    os.symlink("circle", place / "in/circle")
    assert opened(requester, f"{place}/in/none") == -linux.ENOENT
    assert opened(requester, f"{place}/in/none/deeper") == -linux.ENOENT
    assert opened(requester, f"{place}/in/data/below") == -ENOTDIR
    assert opened(requester, f"{place}/in/data/") == -ENOTDIR
    assert opened(requester, f"{place}/in/circle") == -ELOOP
    assert opened(requester, f"{place}/in/circle/x") == -ELOOP
    assert opened(requester, f"{place}/in/{'n' * 300}") == -linux.ERRNO["ENAMETOOLONG"]
    assert opened(requester, f"{place}/in/data", linux.O_DIRECTORY) == -ENOTDIR
    assert opened(requester, f"{place}/out/dir/", linux.O_CREAT | linux.O_WRONLY) == -linux.ERRNO["EISDIR"]


def test_nothing_is_told_of_other_places(requester: Requester, place: Path) -> None:
    for path in (
        f"{place}/secret/key",
        f"{place}/secret/none",
        f"{place}/none/x",
        "/",
        "/none/x",
        str(place),
    ):
        assert opened(requester, path) == -linux.EACCES, path
    assert opened(requester, f"{place}/secret/none/../../in/data") == -linux.EACCES


def test_writing_needs_its_own_rule(requester: Requester, place: Path) -> None:
    for flags in (linux.O_WRONLY, linux.O_RDWR, linux.O_TRUNC, linux.O_CREAT):
        assert opened(requester, f"{place}/in/data", flags) == -linux.EACCES
    assert requester.call("unlinkat", [0], [f"{place}/in/data"]) == -linux.EACCES
    assert requester.call("mkdirat", [0o700], [f"{place}/in/d"]) == -linux.EACCES
    target = [f"{place}/out/f", f"{place}/in/f"]
    (place / "out/f").touch()
    assert requester.call("renameat2", [0], target) == -linux.EACCES
    assert opened(requester, f"{place}/out/f") == 0  # write implies read


def test_unlink_takes_the_link_and_not_its_target(requester: Requester, place: Path) -> None:
    (place / "out/real").mkdir()
    os.symlink("real", place / "out/link")
    assert requester.call("unlinkat", [0], [f"{place}/out/link/"]) == -ENOTDIR
    assert requester.call("unlinkat", [0], [f"{place}/out/link"]) == 0
    assert (place / "out/real").is_dir()


def test_exclusive_creation_does_not_follow(requester: Requester, place: Path) -> None:
    os.symlink("target", place / "out/link")
    flags = linux.O_CREAT | linux.O_EXCL | linux.O_WRONLY
    assert opened(requester, f"{place}/out/link", flags) == -linux.ERRNO["EEXIST"]
    assert opened(requester, f"{place}/out/link", linux.O_CREAT | linux.O_WRONLY) == 0
    assert (place / "out/target").exists()


def test_processes_of_the_host_stay_closed(place: Path) -> None:
    resolver = Resolver(RootPolicy([Root("/proc", True)], [], str(place)))
    resolver.find(b"/proc/uptime", READ, follow=True).__exit__(None, None, None)
    for path in (b"/proc/self/mem", b"/proc/self/fd/0", b"/proc/1/environ", b"/proc/thread-self/stat"):
        with pytest.raises(PermissionError):
            resolver.find(path, READ, follow=True)


def test_a_root_may_be_a_link(place: Path) -> None:
    (place / "v1").mkdir()
    (place / "v1/f").touch()
    os.symlink("v1", place / "current")
    os.symlink("v1/f", place / "alias")
    policy = RootPolicy([Root("current", True), Root("alias")], [], str(place))
    for path in ("current/f", "current", "alias", "v1/f"):
        with Resolver(policy).find(os.fsencode(place / path), READ, follow=True) as found:
            assert os.stat(found.name, dir_fd=found.directory)
    assert not policy.allows(READ, f"{place}/in")
    assert not policy.allows(WRITE, f"{place}/v1/f")
    assert not policy.allows("env", f"{place}/v1/f")
    assert policy.names(READ, f"{place}/current/f")
    assert not policy.names(READ, f"{place}/v1/f")  # where the link leads is not what is written


def test_the_way_to_what_is_allowed_can_be_looked_at(place: Path) -> None:
    (place / "v1/deep").mkdir(parents=True)
    os.symlink("v1", place / "current")
    policy = RootPolicy(
        [Root("current/deep/data")], [Root(f"{place}/out/x/y")], f"{place}/in", [Root("/m/pin")]
    )
    ways = [place, *place.parents, place / "in", place / "in/current", place / "in/current/deep"]
    for path in map(str, [*ways, place / "out", place / "out/x", "/m"]):
        assert policy.allows(LOOK, path), path
        assert not policy.allows(READ, path), path
        assert not policy.allows(WRITE, path), path
    for path in ("secret", "in/data", "in/current/other", "out/xx", "current", "v1", "out/x/y/z"):
        assert not policy.allows(LOOK, f"{place}/{path}"), path
    assert policy.allows(LOOK, f"{place}/out/x/y")


def test_a_link_on_the_way_can_be_looked_at_from_both_sides(place: Path) -> None:
    (place / "v1/deep").mkdir(parents=True)
    os.symlink("v1", place / "current")
    os.symlink("secret", place / "away")
    requester = Requester(Agent(RootPolicy([Root("current/deep/data")], [], str(place))))
    for path in ("current", "v1", "v1/deep", "current/deep", "", "current/..", "current/"):
        assert requester.call("newfstatat", [0], [f"{place}/{path}"], room=128) == 0, path
        assert opened(requester, f"{place}/{path}") == -linux.EACCES, path
    assert requester.call("readlinkat", [100], [f"{place}/current"], room=100) == 2
    assert requester.call("faccessat2", [os.R_OK, 0], [f"{place}/v1"]) == 0
    assert requester.call("faccessat2", [os.W_OK, 0], [f"{place}/v1"]) == -linux.EACCES
    assert requester.call("readlinkat", [100], [f"{place}/away"], room=100) == -linux.EACCES
    assert (
        requester.call("newfstatat", [0], [f"{place}/current/deep/../../secret"], room=128) == -linux.EACCES
    )


def test_chdir_tells_a_path_that_the_policy_names(place: Path) -> None:
    (place / "in/sub").mkdir()
    os.symlink("in", place / "other")
    os.symlink("sub", place / "in/link")
    policy = RootPolicy([Root("in", True), Root("other", True)], [], str(place))
    requester = Requester(Agent(policy))
    real = f"{place}/in/sub"
    for path in ("in/link", "in/sub", "in/link/", "other/link", "other/sub/../sub"):
        assert requester.call("chdir", [4095], [f"{place}/{path}"], room=4095) == len(real), path
        assert requester.output(len(real)) == real.encode()
    linked = Requester(Agent(RootPolicy([Root("other", True)], [], str(place))))
    assert linked.call("chdir", [4095], [f"{place}/other/sub"], room=4095) == 0
    assert linked.call("chdir", [4095], [f"{place}/in/sub"], room=4095) == 0  # the host lets it be named so
    assert linked.call("chdir", [4095], [f"{place}/in/data"], room=4095) == -ENOTDIR


def test_the_policy_of_an_image(place: Path) -> None:
    pinned = manifest.Pin("in/data", 10, (bytes(32),))
    relative = manifest.policy.RuleFlag.RELATIVE
    kinds = manifest.policy.RuleKind
    policy = RootPolicy.of(
        manifest.Policy(
            rules=(
                manifest.Rule(kinds.WRITE, "in", relative | manifest.policy.RuleFlag.TREE),
                manifest.Rule(kinds.READ, f"{place}/secret/key"),
            ),
            pinned=((pinned, relative),),
        ),
        str(place),
    )
    assert policy.allows(READ, f"{place}/in/data")
    assert not policy.allows(WRITE, f"{place}/in/data")  # a pinned file never changes
    assert policy.allows(WRITE, f"{place}/in/other")
    assert policy.allows(READ, f"{place}/secret/key")
    assert not policy.allows(WRITE, f"{place}/secret/key")


@pytest.mark.parametrize("path", [b"relative", b"", b"/a\0b", b"/" + b"x" * 4096])
def test_malformed_paths(place: Path, path: bytes) -> None:
    with pytest.raises(OSError):
        Resolver(RootPolicy([Root("/", True)], [], "/")).find(path, READ, follow=True)
