# SPDX-License-Identifier: BSD-2-Clause
"""What a program or a .ta file is, needs and may do, as plain values."""

from __future__ import annotations

import os
import stat

from elfhaven.abi.container import ArgvMode, RuleFlag
from elfhaven.calls.linux import LINUX
from elfhaven.calls.row import Served
from elfhaven.errors import SignatureError
from elfhaven.image.keys import fingerprint
from elfhaven.image.reader import Elf
from elfhaven.image.summary import Summary, summarise
from elfhaven.image.ta import TaFile, parse, verify
from elfhaven.manifest import Policy, Rule, decode_tree
from elfhaven.packing import (
    Contents,
    Origin,
    default_public,
    is_ta,
    local_public,
    read_contents,
    read_program,
)

STOCK_HEAP = 13056 << 10  # the largest TA that a stock OP-TEE opens


def inspect(file: str | os.PathLike[str]) -> dict[str, object]:
    """Plain values (text, numbers, lists, dictionaries) under the names that `elfhaven inspect` shows."""
    name = os.fspath(file)
    data = read_program(name)
    if is_ta(data):
        return _ta(parse(data, name))
    return _program(summarise(Elf.parse(data, name)))


def _program(summary: Summary) -> dict[str, object]:
    found: dict[str, object] = {
        "file": summary.name,
        "what": f"{summary.type}, {summary.machine}{', stripped' if summary.stripped else ''}",
        "interpreter": summary.interpreter,
        "libraries": list(summary.needed),
        "build id": summary.build_id,
        "memory": f"{summary.memory} bytes before it asks for any",
    }
    if summary.refusal is not None:
        return found | {"can run": f"no: {summary.refusal.cause}", "fix": summary.refusal.fix}
    if summary.interpreter or summary.needed:
        cause = "a dynamic program, whose interpreter and libraries are not packed with it"
        return found | {"can run": f"no: {cause}", "fix": "link it with -static-pie"}
    sites = len(summary.sites.svc) if summary.sites else 0
    return found | {
        "can run": "yes" if summary.memory < STOCK_HEAP else "with --memory large",
        "call sites": sites,
        "calls": _names(summary.calls, (Served.INSIDE, Served.DELEGATED)),
        "calls not served": _not_served(summary.calls),
    }


def _names(numbers: tuple[int, ...], served: tuple[Served, ...]) -> str:
    rows = [row for number in sorted(numbers) if (row := LINUX.by_number(number)) and row.served in served]
    return " ".join(row.name for row in rows)


def _not_served(numbers: tuple[int, ...]) -> list[str]:
    lines = []
    for number in sorted(numbers):
        row = LINUX.by_number(number)
        if row is None:
            lines.append(f"{number}: no such call")
        elif row.served in (Served.REFUSED, Served.ABSENT):
            lines.append(f"{row.name}: {row.refusal or 'ENOSYS'}, {row.reason}")
    return lines


def _ta(ta: TaFile) -> dict[str, object]:
    found: dict[str, object] = {
        "file": ta.name,
        "what": f"Trusted Application ({ta.type.name})",
        "uuid": str(ta.uuid),
        "version": ta.ta_version,
        "signer": _signer(ta),
    }
    contents = read_contents(ta)
    if contents is None:
        return found | {"packed by elfhaven": False}
    return found | _contents(contents)


def _signer(ta: TaFile) -> str:
    known = {fingerprint(default_public()): "OP-TEE's public default key: it protects nothing"}
    known.setdefault(fingerprint(local_public()), "the local development key")
    try:
        signed = verify(ta, (default_public(), local_public()))
    except SignatureError as error:
        return error.cause
    return f"{known[signed]} ({signed[:16]})"


def _contents(contents: Contents) -> dict[str, object]:
    origins = {origin.name: origin for origin in contents.origins}
    images = [
        f"{image.name} at {image.begin:#x}, {image.end - image.begin} bytes{_origin(origins.get(image.name))}"
        for image in contents.images
    ]
    return {
        "images": images,
        **({"packages": _packages(contents.origins)} if contents.origins else {}),
        **({"system": _system(contents.tree)} if contents.tree else {}),
        "memory": f"{contents.memory} bytes before it asks for any",
        "stack": contents.stack,
        "heap": contents.heap or "what the target has",
        "debug": contents.debug,
        "service": contents.service,
        "stoppable": f"yes, by {contents.checks} checks" if contents.stoppable else False,
        "audit": "required" if contents.audit_required else "if asked for",
        "may": _policy(contents.policy),
    }


def _origin(origin: Origin | None) -> str:
    if origin is None:
        return ""
    package = f" of {origin.package} {origin.version}" if origin.package else ""
    return f", {origin.path}{package}, SHA-256 {origin.sha256}"


def _packages(origins: tuple[Origin, ...]) -> list[str]:
    """The packages that images come from, with what their licences are called."""
    known = {(o.package, o.version): ", ".join(o.licences) for o in origins if o.package}
    lines = [
        f"{name} {version}: {licences or f'see /usr/share/doc/{name}/copyright'}"
        for (name, version), licences in sorted(known.items())
    ]
    return lines or ["no package that the system knows of"]


def _system(tree: bytes) -> str:
    files = [entry for entry in decode_tree(tree) if stat.S_ISREG(entry.mode)]
    size = sum(entry.size for entry in files)
    where = "their bytes come from --debian or --sysroot when it runs"
    return f"{len(files)} files, {size} bytes, known by name and hash; {where}"


def _policy(policy: Policy) -> dict[str, object]:
    fixed = policy.argv_mode is ArgvMode.FIXED
    return {
        "arguments": list(policy.argv) if fixed else "the command line's",
        "environment": [name if value is None else f"{name}={value}" for name, value in policy.env],
        "read": [_rule(rule) for rule in policy.rules if rule.kind == 1],
        "write": [_rule(rule) for rule in policy.rules if rule.kind == 2],
        "pinned": [f"{pin.path} ({pin.size} bytes)" for pin, _ in policy.pinned],
        "start": [f"{program.path}: {program.file}, {program.uuid}" for program in policy.programs],
        "pipes to what it starts": "open to the normal world" if policy.pipes_open else "none",
    }


def _rule(rule: Rule) -> str:
    return rule.path.rstrip("/") + "/" if RuleFlag.TREE in rule.flags else rule.path
