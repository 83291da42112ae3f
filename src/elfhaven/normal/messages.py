# SPDX-License-Identifier: BSD-2-Clause
"""What a user is told of a program's run: denials, broken answers, and why the runtime gave up."""

from __future__ import annotations

from typing import Final

from elfhaven.abi.container import RULES, Fatal
from elfhaven.errors import ProgramFault

_REMEDIES: Final = {
    "files.read": '[files] read = ["PATH"]',
    "files.write": '[files] write = ["PATH"]',
    "files.pinned": '[files] write = ["PATH"], and take PATH out of `pinned`',
    "files.libraries": '[files] libraries = ["PATH"], the library that it opens while it runs',
    "net.connect": '[net] connect = ["ADDRESS:PORT"], or "unix:PATH"',
    "net.listen": '[net] listen = ["ADDRESS:PORT"], or "unix:PATH"',
    "args": '[args] mode = "any"',
    "env": '[env] allow = ["NAME"]',
    "audit": "[audit] required = false",
    "programs": '[programs] "PATH" = "FILE.ta", the packed program that it starts there',
    "pipes": 'pipes = "open": what passes between it and the program that it starts is seen outside',
}

_VIOLATIONS: Final = {
    "files.pinned": "a pinned file is not the one that was packed: it could not be read; "
    "put the packed file back, or pack again",
    "files.sealed": "a sealed file is not as this program left it (changed, replaced, renamed, removed, put "
    "back to an older state) and could not be used; put back what the program wrote last, or begin anew "
    "with `elfhaven seal`",
    "answers": "an answer from outside broke the rules of its call and reached the program as an error; "
    "trust nothing that this normal world says",
    "audit": "the audit log broke",
}

_FATALS: Final = {
    Fatal.BAD_CONFIG: ("the image's configuration cannot be used", "pack the program again"),
    Fatal.NO_MEMORY: (
        "the secure world has not enough memory for the program",
        "lower [memory] in elfhaven.toml, or take a target with the large profile",
    ),
    Fatal.PROTOCOL: (
        "the normal world broke the delegation protocol",
        "the runtime ended the program to protect it; run it where the normal world is not tampered with",
    ),
    Fatal.DEADLOCK: ("every thread of the program waits for another", "see with --trace what they wait for"),
    Fatal.AUDIT: (
        "the audit chain cannot be made or continued",
        "the secure storage may be full or its record lost: start a new log",
    ),
    Fatal.UNSUPPORTED: ("the program needs what the runtime cannot do", "see with --trace what it was"),
}


def rules(bits: int) -> tuple[str, ...]:
    """The names of the rules in control.denied or control.violated; unknown bits are left out."""
    return tuple(name for index, name in enumerate(RULES) if bits >> index & 1)


def denial(rule: str) -> str:
    """One line for a rule that denied something: its name and the line that would allow it."""
    if rule == "files.sealed":
        return f"denied by rule {rule}: the device has no key of the program's haven; see `elfhaven give-key`"
    if rule == "fork":
        return (
            "fork is not served, since a TEE cannot copy a program's memory: have it start other programs by "
            "posix_spawn, or by vfork and execve"
        )
    remedy = _REMEDIES.get(rule)
    if remedy is None:
        return f"denied by rule {rule}"
    return f"denied by rule {rule}; to allow it add to elfhaven.toml: {remedy}"


def violation(rule: str) -> str:
    """One line for a rule that an answer of the normal world broke."""
    return f"violation of rule {rule}: {_VIOLATIONS.get(rule, 'an answer broke it')}"


def fatal(code: int, value: int, last_call: str | None) -> ProgramFault:
    """The error for State.FATAL."""
    try:
        cause, fix = _FATALS[Fatal(code)]
    except ValueError:
        cause, fix = f"the runtime gave up with the unknown code {code}", "pack the program again"
    after = f", after the call {last_call}" if last_call else ""
    return ProgramFault(f"{cause} (value {value:#x}{after})", fix)


def died(last_call: str | None) -> ProgramFault:
    """The error for a TA that is dead: only the secure console has more."""
    after = f"; its last delegated call was {last_call}" if last_call else ""
    return ProgramFault(
        f"the program died inside the secure world (TEE_ERROR_TARGET_DEAD){after}",
        "the secure console names the fault's address and registers",
    )
