# SPDX-License-Identifier: BSD-2-Clause
"""The command line of a board that has python3 and nothing else: `run` and `audit verify`.

Everything else needs packages that such a board does not have; a test holds the options to the real ones.
"""

from __future__ import annotations

import getopt
from collections.abc import Sequence
from typing import Final

from elfhaven.cli.progress import run_shown
from elfhaven.errors import UsageError
from elfhaven.sdk.looking import Wanted

VALUES: Final = {
    "run": {
        "target": "emulator",
        "memory": "stock",
        "files": "host",
        "cwd": None,
        "manifest": None,
        "sign": None,
        "audit": None,
        "state": None,
        "sysroot": None,
        "debian": None,
        "suite": "trixie",
        "engine": None,
        "expressions": None,
        "trace_json": None,
        "gdb": None,
        "profile": None,
    },
    "audit verify": {"target": "emulator", "memory": "stock", "state": None},
}  # options with a value, and what holds without them
SWITCHES: Final = {"run": ("trace",), "audit verify": ()}
SHORT: Final = {"-m": "manifest", "-e": "expressions"}
_HELP: Final = """\
usage: elfhaven run --target device [--audit FILE] [--state DIR] [--trace] [--] FILE.ta [ARG...]
       elfhaven audit verify --target device FILE

This Python has no package `click`: what a board needs is here, `pip install elfhaven` brings the rest."""


def execute(words: Sequence[str]) -> int:
    """The status of a verb."""
    if not words or {"-h", "--help"} & {words[0], words[-1]}:
        print(_HELP)
        return 0 if words else 2
    if words[0] == "run":
        return _run(words[1:])
    if list(words[:2]) == ["audit", "verify"]:
        return _verify(words[2:])
    raise UsageError(f"`{words[0]}` needs the Python package click", "pip install elfhaven")


def options(verb: str, words: Sequence[str]) -> tuple[dict[str, str | None], list[str]]:
    """The options before the first word that is none, with what holds without them; and the rest."""
    values, switches = VALUES[verb], SWITCHES[verb]
    try:
        given, rest = getopt.getopt(list(words), "m:e:" if "manifest" in values else "", [
            *(f"{name.replace('_', '-')}=" for name in values), *switches
        ])  # fmt: skip
    except getopt.GetoptError as error:
        raise UsageError(error.msg, f"see `elfhaven {verb} --help`") from None
    found: dict[str, str | None] = {**values, **dict.fromkeys(switches)}
    found.update((SHORT.get(name, name.lstrip("-").replace("-", "_")), value) for name, value in given)
    if not rest:
        raise UsageError("a file is missing", f"see `elfhaven {verb} --help`")
    return found, rest


def _run(words: Sequence[str]) -> int:
    found, (program, *arguments) = options("run", words)
    if found["gdb"] is not None or found["profile"] is not None:
        raise UsageError("only the emulator lets one look at the processor", "leave --gdb and --profile out")
    wanted = Wanted(
        found["trace"] is not None,
        (found["expressions"],) if found["expressions"] else (),
        found["trace_json"],
    )
    return run_shown(
        program,
        *arguments,
        target=found["target"] or "",
        files=found["files"] or "",
        cwd=found["cwd"],
        memory=found["memory"] or "",
        manifest=found["manifest"],
        sign=found["sign"],
        trace=wanted.trace,
        wanted=wanted,
        audit=found["audit"],
        state=found["state"],
        sysroot=found["sysroot"],
        debian=(found["debian"],) if found["debian"] else (),
        suite=found["suite"] or "",
    )


def _verify(words: Sequence[str]) -> int:
    from elfhaven.cli.progress import note
    from elfhaven.sdk.log import verify_audit

    found, (file, *more) = options("audit verify", words)
    if more:
        raise UsageError(f"{len(more)} words too many", "name one log")
    verdict = verify_audit(
        file, target=found["target"] or "", memory=found["memory"] or "", state=found["state"], on_note=note
    )
    print(f"{file}: {verdict.text}")
    return 0 if verdict.good else 1
