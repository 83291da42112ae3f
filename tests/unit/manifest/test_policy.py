# SPDX-License-Identifier: BSD-2-Clause
"""What a policy allows."""

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elfhaven.abi.container import ArgvMode, RuleFlag, RuleKind
from elfhaven.manifest import Pin, Policy, Rule, normalise

RELATIVE, TREE = RuleFlag.RELATIVE, RuleFlag.TREE
POLICY = Policy(
    rules=(
        Rule(RuleKind.READ, "one", RELATIVE),
        Rule(RuleKind.READ, "tree", RELATIVE | TREE),
        Rule(RuleKind.WRITE, "../out", RELATIVE | TREE),
        Rule(RuleKind.READ, "/etc/hosts"),
    ),
    pinned=((Pin("../out/model", 0, ()), RELATIVE),),
)


@pytest.mark.parametrize(
    ("path", "read", "write"),
    [
        ("/w/one", True, False),
        ("/w/./x/..//one", True, False),
        ("/w/one/more", False, False),
        ("/w/one2", False, False),
        ("/w/tree", True, False),
        ("/w/tree/a/b", True, False),
        ("/w/tree/../two", False, False),
        ("/w/trees", False, False),
        ("/out/x", True, True),
        ("/out/../w/one", True, False),
        ("/out/model", True, False),
        ("/etc/hosts", True, False),
        ("/etc/passwd", False, False),
        ("/", False, False),
        ("/w", False, False),
    ],
)
def test_paths(path: str, read: bool, write: bool) -> None:
    assert POLICY.allows_read(path, "/w") is read
    assert POLICY.allows_write(path, "/w") is write


@pytest.mark.parametrize(
    ("path", "look"),
    [
        ("/", True),
        ("/w", True),
        ("/w/x/..", True),
        ("/out", True),
        ("/etc", True),
        ("/etc/hosts", True),
        ("/w/one", True),
        ("/w/tree/a/b", True),
        ("/out/model", True),
        ("/etc/passwd", False),
        ("/e", False),
        ("/w/x", False),
        ("/w/one/more", False),
        ("/wide", False),
    ],
)
def test_the_way_to_what_is_allowed_can_be_looked_at(path: str, look: bool) -> None:
    assert POLICY.allows_look(path, "/w") is look


def test_the_way_to_the_working_directory_and_to_a_pin_can_be_looked_at() -> None:
    policy = Policy(pinned=((Pin("/models/big/file", 0, ()), RuleFlag(0)),))
    for path in ("/", "/home", "/home/ann", "/models", "/models/big", "/models/big/file"):
        assert policy.allows_look(path, "/home/ann")
        assert policy.allows_read(path, "/home/ann") is (path == "/models/big/file")
    assert not policy.allows_look("/home/ann/x", "/home/ann")
    assert not policy.allows_look("/home/bob", "/home/ann")


def test_the_root_as_a_tree_covers_everything() -> None:
    policy = Policy(rules=(Rule(RuleKind.READ, "/", TREE),))
    assert policy.allows_read("/any/thing", "/w")
    assert policy.allows_read("/", "/w")
    assert not policy.allows_write("/any/thing", "/w")


def test_the_working_directory_as_a_tree() -> None:
    policy = Policy(rules=(Rule(RuleKind.READ, ".", RELATIVE | TREE),))
    assert policy.allows_read("/w/a", "/w")
    assert policy.allows_read("/w", "/w")
    assert not policy.allows_read("/x", "/w")
    assert policy.allows_read("/x", "/")


def test_arguments_and_environment() -> None:
    fixed = Policy(argv_mode=ArgvMode.FIXED, argv=("p",), env=(("A", "1"), ("LANG", None), ("TZ", None)))
    assert fixed.arguments(["q", "r"]) == ("p",)
    assert Policy().arguments(["q", "r"]) == ("q", "r")
    assert fixed.environment({"A": "2", "LANG": "C", "LD_PRELOAD": "x"}) == {"A": "1", "LANG": "C"}
    assert Policy().environment({"A": "2"}) == {}


@given(st.lists(st.sampled_from(["a", "b", "..", ".", ""])).map("/".join))
def test_normalisation_is_that_of_posix(path: str) -> None:
    assert normalise("/" + path) == posixpath.normpath("/" + path).replace("//", "/")
    assert normalise(normalise(path)) == normalise(path)
