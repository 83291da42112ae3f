# SPDX-License-Identifier: BSD-2-Clause
"""The compiled policy: what goes in comes out, the same bytes each time, and damage is an error."""

import hashlib
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from elfhaven.abi.container import ArgvMode, RuleFlag, RuleKind
from elfhaven.errors import ManifestError
from elfhaven.manifest import (
    Args,
    Environment,
    Files,
    Manifest,
    Pin,
    Policy,
    Rule,
    compile_policy,
    decode,
    pin,
)
from elfhaven.manifest.compiled import encode

RELATIVE, TREE = RuleFlag.RELATIVE, RuleFlag.TREE
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
flags = st.sampled_from([RuleFlag(0), RELATIVE, TREE, RELATIVE | TREE])
pins = st.builds(
    lambda path, data: Pin(path, len(data), (hashlib.sha256(data).digest(),) if data else ()),
    texts,
    st.binary(max_size=9),
)
policies = st.builds(
    Policy,
    rules=st.lists(st.builds(Rule, st.sampled_from(RuleKind), texts, flags)).map(tuple),
    pinned=st.lists(st.tuples(pins, flags)).map(tuple),
    argv_mode=st.sampled_from(ArgvMode),
    argv=st.lists(texts).map(tuple),
    env=st.lists(st.tuples(texts, st.none() | texts)).map(tuple),
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(policies)
def test_decode_gives_back_what_encode_was_given(policy: Policy) -> None:
    assert decode(encode(policy)) == policy


@given(policies, st.data())
def test_damage_is_an_error_or_another_policy_never_a_crash(policy: Policy, data: st.DataObject) -> None:
    blob = bytearray(encode(policy))
    at = data.draw(st.integers(0, len(blob) - 1))
    blob[at] ^= data.draw(st.integers(1, 255))
    with suppress(ManifestError):
        assert isinstance(decode(bytes(blob)), Policy)


@pytest.mark.parametrize("blob", [b"", b"\0" * 48, b"EHP1" + b"\xff" * 44])
def test_no_policy_at_all_is_an_error(blob: bytes) -> None:
    with pytest.raises(ManifestError):
        decode(blob)


def test_a_manifest_compiles_to_its_rules(tmp_path: Path) -> None:
    (tmp_path / "dir").mkdir()
    (tmp_path / "file").write_bytes(b"x")
    manifest = Manifest(
        args=Args(fixed=("p", "-v")),
        env=Environment(allow=("LANG",), set={"A": "1"}),
        files=Files(read=("dir", "file", "later/", "/etc/hosts", "."), write=("file",)),
    )
    policy = decode(compile_policy(manifest, (), tmp_path))
    assert policy.rules == (
        Rule(RuleKind.READ, "dir", RELATIVE | TREE),
        Rule(RuleKind.READ, "file", RELATIVE),
        Rule(RuleKind.READ, "later", RELATIVE | TREE),
        Rule(RuleKind.READ, "/etc/hosts"),
        Rule(RuleKind.READ, ".", RELATIVE | TREE),
        Rule(RuleKind.WRITE, "file", RELATIVE),
    )
    assert (policy.argv_mode, policy.argv) == (ArgvMode.FIXED, ("p", "-v"))
    assert policy.env == (("A", "1"), ("LANG", None))
    assert compile_policy(manifest, (), tmp_path) == compile_policy(manifest, (), tmp_path)


def test_a_pin_holds_the_hash_of_every_block(tmp_path: Path) -> None:
    data = bytes(range(256)) * 300
    (tmp_path / "w").write_bytes(data)
    made = pin("w", tmp_path)
    assert made.size == len(data) == 76800
    assert made.hashes == (hashlib.sha256(data[:65536]).digest(), hashlib.sha256(data[65536:]).digest())
    (tmp_path / "empty").touch()
    assert pin("empty", tmp_path) == Pin("empty", 0, ())
    assert decode(compile_policy(Manifest(), [made], tmp_path)).pinned == ((made, RELATIVE),)


def test_a_pin_of_nothing_says_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(ManifestError) as caught:
        pin("gone", tmp_path)
    assert "'gone'" in str(caught.value)
    assert str(tmp_path) in str(caught.value)
