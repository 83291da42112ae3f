# SPDX-License-Identifier: BSD-2-Clause
"""Texts made from the table of Linux calls: numbers, rows, the dispatch table, the reference page."""

from __future__ import annotations

from collections.abc import Mapping

from elfhaven.abi.container import RULES
from elfhaven.abi.linux import ERRNO
from elfhaven.calls.linux import LINUX
from elfhaven.calls.row import Arg, Result, Row, Served

SERVED = {Served.ABSENT: 0, Served.INSIDE: 1, Served.DELEGATED: 2, Served.REFUSED: 3}
# how the audit log writes a scalar of each kind: d signed, u unsigned, x hexadecimal text, p path
AUDIT_FORM = {"int": "d", "offset": "d", "hex": "x", "flags": "x", "open_flags": "x", "path": "p"}
BUFFERS = ("in", "out", "inout", "ptr")


def _delegated() -> list[Row]:
    return [row for row in LINUX.rows if row.served is Served.DELEGATED]


def _handled() -> list[Row]:
    return [row for row in LINUX.rows if row.served in (Served.INSIDE, Served.DELEGATED)]


def _enum(prefix: str, names: Mapping[str, int]) -> str:
    rows = "".join(f"    {prefix}{name} = {number},\n" for name, number in names.items())
    return f"enum {{\n{rows}}};\n"


def header() -> str:
    """Numbers of the calls, errnos, indices of the delegated rows, prototypes of the handlers."""
    delegated = _delegated()
    prototypes = "".join(f"s64 sys_{row.name}(struct eh_context *c);\n" for row in _handled())
    rules = [*RULES, *sorted({row.policy for row in delegated if row.policy} - set(RULES))]
    results = {result.name: index for index, result in enumerate(Result)}
    return "\n".join(
        (
            '#pragma once\n#include "../types.h"\nstruct eh_context;',
            _enum("", ERRNO),
            _enum("CALL_", {row.name: row.number for row in _handled()}),
            _enum("ROW_", {row.name: index for index, row in enumerate(delegated)}),
            _enum("RESULT_", results),
            _enum("AUDIT_", {rule.replace(".", "_").upper(): index for index, rule in enumerate(rules)}),
            _enum("SERVED_", {served.name: number for served, number in SERVED.items()}),
            f"#define EH_CALLS {LINUX.rows[-1].number + 1}\n#define EH_ROWS {len(delegated)}\n",
            """struct eh_row {
    u64 errors[2]; // bit n: the answer -n is allowed
    u16 call;
    u16 text; // offset in eh_row_text: the name, then a letter and a name for each scalar and path, each
              // with a NUL, then an empty string
    u8 result;
    u8 rule; // index of the policy's word in eh_rule_text
    u16 reserved;
};
struct eh_call {
    s32 handler; // offset from eh_call_table, 0 if there is none
    u8 served;
    u8 refusal; // errno of a call refused on purpose
    u16 row; // index in eh_rows, 0xffff if the call is never delegated
};
""",
            prototypes,
        )
    )


def rows() -> str:
    """The rows of delegated calls as C data without pointers."""
    delegated = _delegated()
    rules = [*RULES, *sorted({row.policy for row in delegated if row.policy} - set(RULES))]
    text, lines, order = "", "", list(Result)
    for row in delegated:
        bits = sum(1 << ERRNO[name] for name in row.errors)
        lines += (
            f"    {{{{{bits & (1 << 64) - 1:#x}ull, {bits >> 64:#x}ull}}, {row.number}, {_length(text)}, "
            f"{order.index(row.result)}, {rules.index(row.policy or 'files')}, 0}}, // {row.name}\n"
        )
        text += row.name + "\\0" + "".join(map(_form, row.wire)) + "\\0"
    names = "\\0".join(rules)
    body = "\n".join(f'    "{part}\\0"' for part in text[:-4].split("\\0\\0"))
    return (
        f"static const struct eh_row eh_rows[EH_ROWS] = {{\n{lines}}};\n\n"
        f'static const char eh_rule_text[] =\n    "{names}";\n\n'
        f"static const char eh_row_text[] =\n{_terminated(body)};\n"
    )


def _terminated(body: str) -> str:
    """Each string of a row ends with an empty string: one more NUL a row."""
    return body.replace('\\0"', '\\0" "\\0"')


def _length(text: str) -> int:
    return len(text.replace("\\0", "\0"))


def _form(arg: Arg) -> str:
    return "" if arg.kind in BUFFERS else f"{AUDIT_FORM.get(arg.kind, 'u')}{arg.name}\\0"


def dispatch() -> str:
    """The table that a call number indexes: offsets, because nothing relocates the runtime."""
    by_number = {row.number: row for row in LINUX.rows}
    index = {row.number: position for position, row in enumerate(_delegated())}
    lines = []
    for number in range(LINUX.rows[-1].number + 1):
        row = by_number.get(number)
        served = row.served if row else Served.ABSENT
        handled = row is not None and served in (Served.INSIDE, Served.DELEGATED)
        target = f"sys_{row.name} - eh_call_table" if row and handled else "0"
        refusal = ERRNO[row.refusal] if row and row.refusal else 0
        lines.append(
            f"\t.word {target}; .byte {SERVED[served]}, {refusal}; .hword {index.get(number, 0xFFFF):#x}"
            f" // {number} {row.name if row else '-'}"
        )
    hidden = "".join(f"\t.hidden sys_{row.name}\n" for row in _handled())
    body = "\n".join(lines)
    return (
        '\t.section .rodata.calls,"a"\n\t.balign 8\n\t.globl eh_call_table\n\t.hidden eh_call_table\n'
        f"{hidden}eh_call_table:\n{body}\n"
    )


def reference() -> str:
    """docs/reference/calls.md."""
    counts = {served: sum(row.served is served for row in LINUX.rows) for served in Served}
    total = ", ".join(f"{count} {served.value}" for served, count in counts.items())
    lines = [
        "<!-- Made by tools/generate.py from elfhaven.calls.linux: do not edit. -->",
        "# Linux calls",
        "",
        f"{len(LINUX.rows)} rows: {total}. A number that is not here gives ENOSYS, as an absent one does.",
        "",
        "An answer from the normal world with an errno outside the row's list reaches the program as EPERM.",
        "",
        "| number | call | served | arguments | what crosses | errors accepted | policy | reason |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [_line(row) for row in LINUX.rows if row.served is not Served.ABSENT]
    absent = ", ".join(f"{row.name} ({row.number})" for row in LINUX.rows if row.served is Served.ABSENT)
    return "\n".join([*lines, "", "## Absent", "", f"{absent}.", ""])


def _line(row: Row) -> str:
    served = f"refused: {row.refusal}" if row.served is Served.REFUSED else row.served.value
    cells = (
        str(row.number),
        row.name,
        served,
        _arguments(row.args),
        _arguments(row.wire),
        " ".join(sorted(row.errors)),
        row.policy or "",
        row.reason,
    )
    return "| " + " | ".join(cells) + " |"


def _arguments(args: tuple[Arg, ...]) -> str:
    return ", ".join(f"{arg.name}: {arg.kind}({arg.size})" if arg.size else arg.name for arg in args)
