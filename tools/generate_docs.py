# SPDX-License-Identifier: BSD-2-Clause
"""Write the pages of docs/reference/ that are made from the code; with --check say which are stale and fail.

    python tools/generate_docs.py [--check]

calls.md is not among them: tools/generate.py makes it together with the runtime's headers.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click
import msgspec

import api_pages
import elfhaven
import elfhaven.client
import elfhaven.ta
from elfhaven.abi import gp
from elfhaven.abi.container import RULES, Fatal
from elfhaven.calls.row import Row, Served
from elfhaven.calls.utee import UTEE
from elfhaven.cli.main import elfhaven as command_line
from elfhaven.machine.native.patterns import A64
from elfhaven.machine.native.patterns import MODULES as ROW_MODULES
from elfhaven.manifest import schema
from elfhaven.normal import messages
from elfhaven.sdk.explanations import ROWS
from elfhaven.ta.functions import Function, functions
from elfhaven.tee_errors import ERRORS, TeeResultError

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "docs" / "reference"
WIDTH = 100
NATIVE = """\
`--engine native` compiles hot code that is made of these {} patterns; whatever is not among them runs in
the interpreter, with the same results. An encoding is read from bit 31 down: literal bits, and fields as
`name:width`. Encodings of a pattern that the architecture reserves are not covered either.
`elfhaven stats --engine native` tells which instructions kept hot code of a program from being compiled,
`python -m elfhaven.machine.native.report FILE` what of a program's text no pattern covers."""


def page(title: str, source: str, *body: str) -> str:
    head = f"<!-- Made by tools/generate_docs.py from {source}: do not edit. -->\n# {title}"
    return "\n\n".join((head, *body)) + "\n"


def block(text: str) -> str:
    """Text as a code block."""
    return "\n".join(f"    {line}".rstrip() for line in text.strip("\n").splitlines())


def table(*rows: tuple[str, ...]) -> str:
    """The first row is the head."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join((lines[0], "|" + "---|" * len(rows[0]), *lines[1:]))


def utee() -> str:
    counts = ", ".join(f"{sum(row.served is kind for row in UTEE.rows)} {kind.value}" for kind in Served)
    head = ("number", "call", "served", "arguments", "reason")
    return page(
        "utee calls",
        "elfhaven.calls.utee",
        f"What a Trusted Application may ask of the core by `svc #0`. {len(UTEE.rows)} rows: {counts}.",
        table(head, *map(_utee_row, UTEE.rows)),
    )


def _utee_row(row: Row) -> tuple[str, ...]:
    arguments = ", ".join(f"{arg.name}: {arg.kind}" for arg in row.args)
    return str(row.number), row.name, row.served.value, arguments, row.reason


def commands() -> str:
    found = list(_commands(command_line, "elfhaven"))
    parts = [f"## {name}\n\n{block(text)}" for name, text in found]
    return page("The command line", "elfhaven.cli", *parts)


def _commands(command: click.Command, name: str) -> Iterator[tuple[str, str]]:
    with click.Context(command, info_name=name, terminal_width=WIDTH, max_content_width=WIDTH) as context:
        yield name, command.get_help(context)
    if isinstance(command, click.Group):
        for each in sorted(command.commands):
            yield from _commands(command.commands[each], f"{name} {each}")


def manifest() -> str:
    text = inspect.getdoc(schema) or ""
    keys = "\n".join(line[4:] for line in text.splitlines() if line.startswith("    "))
    units = ", ".join(filter(None, schema._UNITS))
    return page(
        "elfhaven.toml",
        "elfhaven.manifest.schema",
        "Every key is optional. What no key allows is denied.",
        block(keys),
        f"A size is a number of bytes, or text with a unit: {units}. "
        f"`stack` lies between {schema.STACK_MIN >> 10} KiB and {schema.STACK_MAX >> 20} MiB.",
        "`stoppable` is explained in [how-to/stop.md](../how-to/stop.md).",
        "A key that is not known is an error with its line.",
    )


def results() -> str:
    rows = [
        (f"`{code:#010x}`", name, *_explained(code)) for code, name in sorted(gp.RESULT_NAMES.items()) if code
    ]
    rules = [(f"`{rule}`", *_told(rule)) for rule in RULES]
    fatals = [(str(code.value), code.name, *_fatal(code)) for code in Fatal]
    return page(
        "Results, rules and fatal codes",
        "elfhaven.abi.gp, elfhaven.sdk.explanations and elfhaven.normal.messages",
        "## Results of a TEE",
        "`elfhaven explain` tells the same of one.",
        table(("result", "name", "meaning", "usual causes", "what to do"), *rows),
        "## Rules",
        "What a run prints when a rule denied something, and when an answer from outside broke it.",
        table(("rule", "denied", "violated"), *rules),
        "## Why a runtime gives up",
        table(("code", "name", "meaning", "what to do"), *fatals),
    )


def _explained(code: int) -> tuple[str, str, str]:
    row = ROWS[code]
    return row.means, "; ".join(row.causes), row.fix


def _told(rule: str) -> tuple[str, str]:
    """What a denial and a violation print; nothing for what cannot happen to a rule."""
    denied, violated = messages.denial(rule), messages.violation(rule)
    return denied if ";" in denied else "", "" if violated.endswith("an answer broke it") else violated


def _fatal(code: Fatal) -> tuple[str, str]:
    error = messages.fatal(code, 0, None)
    return error.cause.removesuffix(" (value 0x0)"), error.fix or ""


def python() -> str:
    parts = [_member(name, getattr(elfhaven, name)) for name in elfhaven.__all__]
    intro = inspect.getdoc(elfhaven) or ""
    return page("The Python API", "elfhaven", intro, *parts)


def _member(name: str, value: object) -> str:
    doc = inspect.cleandoc(
        getattr(value, "__dict__", {}).get("__doc__") or getattr(value, "__doc__", "") or ""
    )
    if isinstance(value, type) and issubclass(value, msgspec.Struct):
        fields = ", ".join(f"`{field}`" for field in value.__struct_fields__)
        return f"## {name}\n\nA part of [elfhaven.toml](manifest.md) in Python. Keys, all by name: {fields}."
    if isinstance(value, type) and issubclass(value, elfhaven.ElfhavenError):
        bases = ", ".join(base.__name__ for base in value.__bases__)
        return f"## {name}({bases})\n\n{doc}"
    assert callable(value)
    return f"## {name}\n\n{block(api_pages.signature(name, value))}\n\n{doc}"


def ta_api() -> str:
    rows = functions()
    called = sum(not row.is_language for row in rows)
    head = ("function", "in Python", "test in tests/unit/python_ta")
    parts = []
    for group in dict.fromkeys(row.group for row in rows):
        lines = [_function(row) for row in rows if row.group == group]
        parts += [f"## {group}", table(head, *lines)]
    errors = [(kind.__name__, gp.RESULT_NAMES[code], kind.MEANING) for code, kind in sorted(ERRORS.items())]
    return page(
        "The Internal Core API in Python",
        "elfhaven.ta.functions and elfhaven.tee_errors",
        f"The {len(rows)} functions that OP-TEE has of the Internal Core API 1.3.1, and what stands for each "
        f"in `elfhaven.ta`: {called} are called there, {len(rows) - called} are the language's own, in "
        "parentheses; none is absent. What panics in C raises an error here, which the TA may catch.",
        *parts,
        "## Errors",
        f"Each is a `{TeeResultError.__name__}` with `code`, `origin`, `name`, `meaning`, `cause` and `fix`; "
        "a TA raises it, a client catches it. A code without a name is an `OwnError`.",
        table(("class", "code", "meaning"), *errors),
    )


def _function(row: Function) -> tuple[str, ...]:
    form = row.form if row.is_language else f"`{row.form}`"
    return f"TEE_{row.name}", form, row.test


def _front_door(module: ModuleType, title: str) -> str:
    return page(title, module.__name__, inspect.getdoc(module) or "", *api_pages.parts(module))


def native_coverage() -> str:
    """Every pattern of the native tier, by the module that has it."""
    parts = []
    for module in sorted(ROW_MODULES, key=lambda each: each.__name__):
        title, _, more = (inspect.getdoc(module) or "").partition("\n\n")
        rows = ((row.name, f"`{row.pattern}`") for row in module.ROWS)
        parts += [
            f"## {module.__name__.rpartition('.')[2]}",
            title,
            *([more] if more else []),
            table(("pattern", "encoding"), *rows),
        ]
    return page(
        "What the native engine compiles",
        "src/elfhaven/machine/native/patterns.py",
        NATIVE.format(len(A64.rows)),
        *parts,
    )


PAGES = {
    "client.md": lambda: _front_door(elfhaven.client, "Clients: elfhaven.client"),
    "command-line.md": commands,
    "manifest.md": manifest,
    "python-api.md": python,
    "native-coverage.md": native_coverage,
    "results.md": results,
    "ta.md": lambda: _front_door(elfhaven.ta, "Trusted Applications: elfhaven.ta"),
    "ta-api.md": ta_api,
    "utee.md": utee,
}


def main(arguments: list[str]) -> int:
    stale = []
    for name, make in PAGES.items():
        path, text = OUTPUT / name, make()
        if path.exists() and path.read_text() == text:
            continue
        stale.append(str(path.relative_to(ROOT)))
        if "--check" not in arguments:
            path.write_text(text)
    if stale and "--check" in arguments:
        print(f"{', '.join(stale)}: not what tools/generate_docs.py makes; run it and commit the result")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
