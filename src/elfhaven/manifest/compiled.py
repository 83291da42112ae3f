# SPDX-License-Identifier: BSD-2-Clause
"""The policy blob of a signed image: layouts in abi/container.py, offsets from the blob's start.

Order of the parts: header, environment entries, rules, pinned entries, network rules, strings, hashes.
The same manifest over the same files gives the same bytes.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from elfhaven.abi.container import (
    POLICY,
    POLICY_ENV,
    POLICY_MAGIC,
    POLICY_NET,
    POLICY_PINNED,
    POLICY_RULE,
    ArgvMode,
    NetFamily,
    NetKind,
    RuleFlag,
    RuleKind,
)
from elfhaven.abi.spawn import POLICY_PROGRAM
from elfhaven.errors import ManifestError
from elfhaven.manifest.net import NetRule, parse
from elfhaven.manifest.pins import Pin
from elfhaven.manifest.policy import Policy, Program, Rule

if TYPE_CHECKING:
    from elfhaven.manifest.schema import Manifest

CALLERS_VALUE = 0xFFFFFFFF
_HASH = 32


def compile_policy(
    manifest: Manifest,
    pins: Sequence[Pin] = (),
    base: str | Path = ".",
    programs: Mapping[str, UUID] | None = None,
) -> bytes:
    """The blob. `base`: where relative paths are looked up to see which of them are directories. `programs`:
    the UUIDs of the files that the manifest's programs are."""
    uuids = programs or {}
    read = [_rule(RuleKind.READ, path, base) for path in manifest.files.read]
    write = [_rule(RuleKind.WRITE, path, base) for path in manifest.files.write]
    sealed = [_sealed(_rule(RuleKind.WRITE, path, base)) for path in manifest.files.sealed]
    allowed: list[tuple[str, str | None]] = [(name, None) for name in manifest.env.allow]
    return encode(
        Policy(
            rules=tuple(dict.fromkeys(read + write + sealed)),
            pinned=tuple((pin, _relative(pin.path)) for pin in pins),
            argv_mode=ArgvMode.FIXED if manifest.args.fixed else ArgvMode.ANY,
            argv=manifest.args.fixed,
            env=tuple(sorted(dict([*allowed, *manifest.env.set.items()]).items())),
            haven=manifest.haven.name or "",
            programs=tuple(
                Program(path, uuids[file], file, _relative(path)) for path, file in manifest.programs.items()
            ),
            pipes_open=manifest.pipes == "open",
            net=tuple(
                dict.fromkeys(
                    rule
                    for kind, texts in (
                        (NetKind.CONNECT, manifest.net.connect),
                        (NetKind.LISTEN, manifest.net.listen),
                    )
                    for text in texts
                    for rule in parse(kind, text)
                )
            ),
        )
    )


def _rule(kind: RuleKind, path: str, base: str | Path) -> Rule:
    tree = path.endswith("/") or os.path.isdir(os.path.join(base, path))
    flags = _relative(path) | (RuleFlag.TREE if tree else RuleFlag(0))
    return Rule(kind, path.rstrip("/") or "/", flags)


def _sealed(rule: Rule) -> Rule:
    return replace(rule, flags=rule.flags | RuleFlag.SEALED)


def _relative(path: str) -> RuleFlag:
    return RuleFlag(0) if path.startswith("/") else RuleFlag.RELATIVE


class _Strings:
    """The tail of the blob: bytes by offset, each text once."""

    def __init__(self, start: int) -> None:
        self._start = start
        self._data = bytearray()
        self._known: dict[bytes, int] = {}

    def add(self, data: bytes) -> tuple[int, int]:
        """Offset from the blob's start, and length."""
        if data not in self._known:
            self._known[data] = self._start + len(self._data)
            self._data += data
        return self._known[data], len(data)

    def __bytes__(self) -> bytes:
        return bytes(self._data)


def encode(policy: Policy) -> bytes:
    """The blob of `policy`; decode() is its inverse."""
    env_at = POLICY.size
    rules_at = env_at + POLICY_ENV.size * len(policy.env)
    pinned_at = rules_at + POLICY_RULE.size * len(policy.rules)
    net_at = pinned_at + POLICY_PINNED.size * len(policy.pinned)
    programs_at = net_at + POLICY_NET.size * len(policy.net)
    strings = _Strings(programs_at + POLICY_PROGRAM.size * len(policy.programs))
    argv = b"".join(os.fsencode(text) + b"\0" for text in policy.argv)
    entries = bytearray()
    for name, value in policy.env:
        name_at = strings.add(os.fsencode(name))
        entries += POLICY_ENV.struct.pack(
            *name_at, *((0, CALLERS_VALUE) if value is None else strings.add(os.fsencode(value)))
        )
    for rule in policy.rules:
        entries += POLICY_RULE.struct.pack(rule.kind, rule.flags, *strings.add(os.fsencode(rule.path)))
    for pin, flags in policy.pinned:
        path_at = strings.add(os.fsencode(pin.path))
        hashes_at, _ = strings.add(b"".join(pin.hashes))
        entries += POLICY_PINNED.struct.pack(
            flags, pin.block_shift, pin.size, *path_at, hashes_at, len(pin.hashes)
        )
    for peer in policy.net:
        entries += POLICY_NET.struct.pack(
            peer.kind,
            peer.family,
            *peer.ports,
            peer.flags,
            peer.prefix,
            *peer.address.ljust(16, b"\0"),
            *strings.add(os.fsencode(peer.path)),
        )
    for program in policy.programs:
        places = (*strings.add(os.fsencode(program.path)), *strings.add(os.fsencode(program.file)))
        entries += POLICY_PROGRAM.struct.pack(program.flags, *places, *program.uuid.bytes, 0)
    argv_at = strings.add(argv)
    haven_at = strings.add(os.fsencode(policy.haven))
    tail = bytes(strings)
    header = POLICY.struct.pack(
        POLICY_MAGIC,
        POLICY.size + len(entries) + len(tail),
        policy.argv_mode,
        len(policy.argv),
        *argv_at,
        len(policy.env),
        env_at,
        len(policy.rules),
        rules_at,
        len(policy.pinned),
        pinned_at,
        len(policy.net),
        net_at,
        *haven_at,
        len(policy.programs),
        programs_at,
        int(policy.pipes_open),
        0,
    )
    return header + bytes(entries) + tail


def decode(blob: bytes) -> Policy:
    """The policy in a blob. Raises ManifestError where the bytes do not hold together."""
    try:
        return _Reader(blob).policy()
    except (struct.error, ValueError, IndexError) as error:
        raise ManifestError(f"the compiled policy is damaged: {error}", "pack the program again") from None


class _Reader:
    def __init__(self, blob: bytes) -> None:
        self._blob = blob

    def policy(self) -> Policy:
        header = POLICY.struct.unpack_from(self._blob)
        magic, size, mode, argc, argv_at, argv_size, envc, env_at, *tables = header
        rulec, rules_at, pinc, pinned_at, netc, net_at, haven_at, haven_size, *rest = tables
        programc, programs_at, pipes, _ = rest
        if magic != POLICY_MAGIC or size != len(self._blob):
            raise ValueError("no policy of this version")
        argv = self._text(argv_at, argv_size).split("\0")
        if len(argv) != argc + 1:
            raise ValueError("the count of arguments is wrong")
        return Policy(
            rules=tuple(self._rule(rules_at + POLICY_RULE.size * i) for i in range(self._count(rulec))),
            pinned=tuple(self._pin(pinned_at + POLICY_PINNED.size * i) for i in range(self._count(pinc))),
            argv_mode=ArgvMode(mode),
            argv=tuple(argv[:-1]),
            env=tuple(self._env(env_at + POLICY_ENV.size * i) for i in range(self._count(envc))),
            net=tuple(self._net(net_at + POLICY_NET.size * i) for i in range(self._count(netc))),
            haven=self._text(haven_at, haven_size),
            programs=tuple(
                self._program(programs_at + POLICY_PROGRAM.size * i) for i in range(self._count(programc))
            ),
            pipes_open=bool(pipes),
        )

    def _program(self, at: int) -> Program:
        flags, path_at, path_size, file_at, file_size, *rest = POLICY_PROGRAM.struct.unpack_from(
            self._blob, at
        )
        uuid = UUID(bytes=bytes(rest[:16]))
        return Program(self._text(path_at, path_size), uuid, self._text(file_at, file_size), _flags(flags))

    def _count(self, count: int) -> int:
        if count > len(self._blob):
            raise ValueError("a count is larger than the blob")
        return count

    def _env(self, at: int) -> tuple[str, str | None]:
        name_at, name_size, value_at, value_size = POLICY_ENV.struct.unpack_from(self._blob, at)
        value = None if value_size == CALLERS_VALUE else self._text(value_at, value_size)
        return self._text(name_at, name_size), value

    def _rule(self, at: int) -> Rule:
        kind, flags, path_at, path_size = POLICY_RULE.struct.unpack_from(self._blob, at)
        return Rule(RuleKind(kind), self._text(path_at, path_size), _flags(flags))

    def _net(self, at: int) -> NetRule:
        kind, family, first, last, flags, prefix, *rest = POLICY_NET.struct.unpack_from(self._blob, at)
        size = {NetFamily.IPV4: 4, NetFamily.IPV6: 16}.get(family, 0)
        return NetRule(
            NetKind(kind),
            NetFamily(family),
            bytes(rest[:size]),
            prefix,
            (first, last),
            self._text(*rest[16:]),
            _flags(flags),
        )

    def _pin(self, at: int) -> tuple[Pin, RuleFlag]:
        flags, shift, size, path_at, path_size, hashes_at, count = POLICY_PINNED.struct.unpack_from(
            self._blob, at
        )
        hashes = self._bytes(hashes_at, self._count(count) * _HASH)
        if not 12 <= shift <= 20 or count != -(-size >> shift):
            raise ValueError("a pinned file has the wrong number of hashes")
        blocks = tuple(hashes[i : i + _HASH] for i in range(0, len(hashes), _HASH))
        return Pin(self._text(path_at, path_size), size, blocks, shift), _flags(flags)

    def _text(self, at: int, size: int) -> str:
        return os.fsdecode(self._bytes(at, size))

    def _bytes(self, at: int, size: int) -> bytes:
        if at + size > len(self._blob):
            raise ValueError("an offset lies outside")
        return self._blob[at : at + size]


def _flags(value: int) -> RuleFlag:
    if value & ~sum(RuleFlag):
        raise ValueError("an unknown flag")
    return RuleFlag(value)
