# SPDX-License-Identifier: BSD-2-Clause
"""The policy decided inside is the policy decided outside: the same blob, the same answers."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.runtime.host import Host

from elfhaven.abi.container import ArgvMode, RuleFlag, RuleKind
from elfhaven.manifest.compiled import encode
from elfhaven.manifest.pins import Pin
from elfhaven.manifest.policy import Policy, Rule, normalise

CWD = "/home/ann/work"
BAD_PARAMETERS = 0xFFFF0006
LOOK = 0  # POLICY_LOOK of policy.h
PART = st.sampled_from(["a", "b", "ab", ".", "..", "", "home", "ann", "work", "...", "ä"])
PATHS = st.lists(PART, max_size=7).map(lambda parts: "/" + "/".join(parts))
RULE_PATHS = st.lists(PART, min_size=1, max_size=4).map("/".join)


class Decider:
    """The runtime's policy over one blob."""

    def __init__(self, host: Host, blob: bytes, cwd: str = CWD) -> None:
        self.lib = host.lib
        self.blob = ctypes.create_string_buffer(blob, len(blob))
        offset = (ctypes.addressof(self.blob) - host.base()) & (1 << 64) - 1
        host.config(policy=offset, policy_size=len(blob))
        self.result = self.lib.policy_begin(cwd.encode(), len(cwd.encode())) & 0xFFFFFFFF

    def normal(self, path: str) -> bytes:
        to = ctypes.create_string_buffer(4096)
        raw = path.encode()
        length = self.lib.path_normalise(to, raw, len(raw))
        return to.raw[:length]

    def allows(self, path: str, kind: RuleKind | int) -> bool:
        normal = self.normal(path)
        return bool(self.lib.policy_allows(normal, len(normal), int(kind)))

    def pinned(self, path: str) -> bool:
        self.lib.policy_pin.restype = ctypes.c_void_p
        normal = self.normal(path)
        return self.lib.policy_pin(normal, len(normal)) is not None


@pytest.fixture
def host(fresh: Callable[..., Host]) -> Host:
    made = fresh(1 << 30)
    assert made.lib.memory_init() == 0
    return made


def rules(kind: RuleKind) -> st.SearchStrategy[Rule]:
    flags = st.sampled_from([RuleFlag(0), RuleFlag.TREE])
    absolute = st.builds(lambda path, flag: Rule(kind, "/" + path, flag), RULE_PATHS, flags)
    return st.one_of(
        absolute, st.builds(lambda path, flag: Rule(kind, path, flag | RuleFlag.RELATIVE), RULE_PATHS, flags)
    )


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.lists(st.one_of(rules(RuleKind.READ), rules(RuleKind.WRITE)), max_size=4),
    st.lists(RULE_PATHS, max_size=2),
    st.lists(PATHS, min_size=1, max_size=8),
)
def test_decisions_are_those_of_the_manifest(
    host: Host, allowed: list[Rule], pins: list[str], paths: list[str]
) -> None:
    pinned = tuple((Pin(path, 10, (bytes(32),), 16), RuleFlag.RELATIVE) for path in pins)
    policy = Policy(rules=tuple(allowed), pinned=pinned)
    inside = Decider(host, encode(policy))
    assert inside.result == 0
    for path in paths:
        assert inside.normal(path).decode() == normalise(path)
        assert inside.allows(path, RuleKind.READ) == policy.allows_read(path, CWD)
        assert inside.allows(path, RuleKind.WRITE) == policy.allows_write(path, CWD)
        assert inside.allows(path, LOOK) == policy.allows_look(path, CWD)
        assert inside.pinned(path) == (policy.pin_of(path, CWD) is not None)


def test_without_a_policy_nothing_is_allowed(host: Host) -> None:
    host.config(policy=0, policy_size=0)
    decider = Decider.__new__(Decider)
    decider.lib = host.lib
    assert host.lib.policy_begin(b"/", 1) == 0
    assert not decider.allows("/etc/passwd", RuleKind.READ)
    assert not decider.allows("/", RuleKind.READ)
    assert decider.allows("/", LOOK)
    assert not decider.allows("/etc", LOOK)


def test_the_way_to_what_is_allowed_can_be_looked_at(host: Host) -> None:
    rules = (
        Rule(RuleKind.READ, "/data/sets/one", RuleFlag(0)),
        Rule(RuleKind.WRITE, "../out", RuleFlag.RELATIVE),
    )
    pin = (Pin("/models/big/file", 10, (bytes(32),), 16), RuleFlag(0))
    inside = Decider(host, encode(Policy(rules=rules, pinned=(pin,))))
    ways = ["/", "/data", "/data/sets", "/home", "/home/ann", CWD, "/models", "/models/big"]
    for path in ways:
        assert inside.allows(path, LOOK), path
        assert not inside.allows(path, RuleKind.READ), path
        assert not inside.allows(path, RuleKind.WRITE), path
    for path in ("/data/sets/one", "/home/ann/out", "/models/big/file"):
        assert inside.allows(path, LOOK), path
        assert inside.allows(path, RuleKind.READ), path
    beside = ["/dat", "/data/set", "/data/sets/two", "/data/sets/one/more", "/home/anna", f"{CWD}/x", "/etc"]
    for path in [*beside, "/models/big/other", "/home/ann/outside"]:
        assert not inside.allows(path, LOOK), path


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.data())
def test_a_damaged_blob_is_refused_or_read_without_a_fault(host: Host, data: st.DataObject) -> None:
    policy = Policy(
        rules=(Rule(RuleKind.READ, "data", RuleFlag.RELATIVE | RuleFlag.TREE),),
        pinned=((Pin("model", 70000, (bytes(32), bytes(32)), 16), RuleFlag.RELATIVE),),
        argv_mode=ArgvMode.FIXED,
        argv=("prog", "x"),
        env=(("HOME", None), ("LANG", "C")),
    )
    blob = bytearray(encode(policy))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(blob) // 4 - 1)) * 4
        word = data.draw(st.sampled_from([0, 1, 0x7F, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, len(blob)]))
        blob[at : at + 4] = word.to_bytes(4, "little")
    inside = Decider(host, bytes(blob))
    if inside.result == 0:
        inside.allows("/home/ann/work/data/x", RuleKind.READ)
        inside.pinned("/home/ann/work/model")
    else:
        assert inside.result in (BAD_PARAMETERS, 0xFFFF000C)


@pytest.mark.parametrize(
    "change",
    [{"size": 1}, {"magic": 2}, {"block_shift": 40}, {"hash_count": 9}],
    ids=lambda change: next(iter(change)),
)
def test_damage_that_is_refused(host: Host, change: dict[str, int]) -> None:
    from elfhaven.abi.container import POLICY, POLICY_PINNED

    blob = bytearray(encode(Policy(pinned=((Pin("model", 70000, (bytes(32), bytes(32)), 16), RuleFlag(0)),))))
    name, value = next(iter(change.items()))
    at = POLICY.offset(name) if name in ("size", "magic") else POLICY.size + POLICY_PINNED.offset(name)
    blob[at : at + 4] = value.to_bytes(4, "little")
    assert Decider(host, bytes(blob)).result == BAD_PARAMETERS
