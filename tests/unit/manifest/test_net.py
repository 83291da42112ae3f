# SPDX-License-Identifier: BSD-2-Clause
"""Entries of [net]: what they mean, what is refused, and that the compiled policy keeps them."""

from __future__ import annotations

import socket

import pytest

from elfhaven.abi.container import NetFamily, NetKind, RuleFlag
from elfhaven.errors import ManifestError
from elfhaven.manifest import compile_policy, decode, loads
from elfhaven.manifest.net import check, parse
from elfhaven.normal.policy import CONNECT, LISTEN, RootPolicy

CONNECTS = NetKind.CONNECT


def covers(entry: str, address: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    (rule,) = parse(CONNECTS, entry)
    return rule.covers(CONNECTS, socket.inet_pton(family, address), port)


@pytest.mark.parametrize(
    ("entry", "address", "port", "allowed"),
    [
        ("127.0.0.1:80", "127.0.0.1", 80, True),
        ("127.0.0.1:80", "127.0.0.1", 81, False),
        ("127.0.0.1:80", "127.0.0.2", 80, False),
        ("127.0.0.1:80", "::ffff:127.0.0.1", 80, True),
        ("127.0.0.1:80", "::1", 80, False),
        ("10.0.0.0/9:1-5", "10.127.255.255", 5, True),
        ("10.0.0.0/9:1-5", "10.128.0.0", 5, False),
        ("10.0.0.0/9:1-5", "10.0.0.1", 6, False),
        ("0.0.0.0/0:*", "203.0.113.9", 65535, True),
        ("0.0.0.0/0:*", "2001:db8::1", 1, False),
        ("*:443", "2001:db8::1", 443, True),
        ("*:443", "192.0.2.1", 443, True),
        ("*:443", "192.0.2.1", 444, False),
        ("[2001:db8::]/33:*", "2001:db8:7fff::1", 1, True),
        ("[2001:db8::]/33:*", "2001:db8:8000::1", 1, False),
    ],
)
def test_what_an_entry_covers(entry: str, address: str, port: int, allowed: bool) -> None:
    assert covers(entry, address, port) is allowed


@pytest.mark.parametrize(
    "entry",
    [
        *(
            "",
            "127.0.0.1",
            "127.0.0.1:",
            "127.0.0.1:65536",
            "127.0.0.1:9-8",
            "127.0.0.1/33:1",
            "::1:80",
            "[::1]",
        ),
        *(
            "[127.0.0.1]:1",
            "*.example.org:443",
            "*/8:1",
            "a b:1",
            "-x:1",
            "unix:",
            "unix:@",
            "unix:" + "x" * 108,
        ),
        *("[::1]/129:1", "example.org/8:1", "127.0.0.1:80 "),
    ],
)
def test_what_is_no_entry(entry: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        check(entry)


def test_a_mistake_is_told_with_its_line() -> None:
    with pytest.raises(ManifestError) as caught:
        loads('[net]\nlisten = ["127.0.0.1:1"]\nconnect = ["*.example.org:443"]\n')
    assert caught.value.line == 3
    assert "*.example.org" in caught.value.cause


def test_a_name_stands_for_its_addresses() -> None:
    rules = parse(CONNECTS, "db.example.org:5432", lambda name: ["192.0.2.7", "2001:db8::7"])
    assert [(rule.family, rule.prefix, rule.ports) for rule in rules] == [
        (NetFamily.IPV4, 32, (5432, 5432)),
        (NetFamily.IPV6, 128, (5432, 5432)),
    ]


def test_a_name_that_nobody_knows() -> None:
    def lookup(name: str) -> list[str]:
        raise OSError(-2, "Name or service not known")

    with pytest.raises(ManifestError, match=r"db\.example\.org"):
        parse(CONNECTS, "db.example.org:5432", lookup)


def test_the_compiled_policy_keeps_the_rules() -> None:
    manifest = loads('[net]\nconnect = ["10.0.0.0/8:1-2", "unix:run/", "unix:@x"]\nlisten = ["[::1]:0"]\n')
    rules = decode(compile_policy(manifest)).net
    assert [(rule.kind, rule.family, rule.ports) for rule in rules] == [
        (NetKind.CONNECT, NetFamily.IPV4, (1, 2)),
        (NetKind.CONNECT, NetFamily.UNIX, (0, 65535)),
        (NetKind.CONNECT, NetFamily.UNIX, (0, 65535)),
        (NetKind.LISTEN, NetFamily.IPV6, (0, 0)),
    ]
    assert rules[1].flags == RuleFlag.RELATIVE | RuleFlag.TREE
    assert (rules[0].address, rules[0].prefix) == (b"\x0a\0\0\0", 8)


def test_what_the_agent_allows() -> None:
    manifest = loads('[net]\nconnect = ["127.0.0.1:80", "unix:run/", "unix:@x"]\nlisten = ["unix:/srv/s"]\n')
    policy = RootPolicy.of(decode(compile_policy(manifest)), "/home/a")
    here = b"\x02\0" + (80).to_bytes(2) + b"\x7f\0\0\x01" + bytes(8)
    assert policy.allows_address(NetKind.CONNECT, here)
    assert not policy.allows_address(NetKind.LISTEN, here)
    assert not policy.allows_address(NetKind.CONNECT, here[:5])
    assert not policy.allows_address(NetKind.CONNECT, b"\0\0" + here[2:])
    assert policy.allows_address(NetKind.CONNECT, b"\x01\0\0x")
    assert not policy.allows_address(NetKind.CONNECT, b"\x01\0\0y")
    assert policy.allows(CONNECT, "/home/a/run/db")
    assert not policy.allows(CONNECT, "/srv/s")
    assert policy.allows(LISTEN, "/srv/s")
