# SPDX-License-Identifier: BSD-2-Clause
"""Write what is made from the tables: the runtime's C headers and the reference of Linux calls.

    python tools/generate.py           write the files
    python tools/generate.py --check   change nothing; exit status 1 if a file is not what it should be

Sources: elfhaven.abi.container (structures, numbers) and elfhaven.calls.linux (rows).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import Enum
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))
sys.path.insert(0, str(ROOT / "tools"))

import generate_calls  # noqa: E402
from elfhaven.abi import container, spawn  # noqa: E402
from elfhaven.abi.layout import Layout  # noqa: E402

HEAD = "// SPDX-License-Identifier: BSD-2-Clause\n// Made by tools/generate.py from {source}: do not edit.\n"
ENUMS: tuple[type[Enum], ...] = (
    container.Command,
    container.State,
    container.SlotState,
    container.StartFlag,
    container.ConfigFlag,
    container.LogKind,
    container.VerifyPhase,
    container.Verdict,
    container.Fatal,
    container.RuleKind,
    container.NetKind,
    container.NetFamily,
    container.RuleFlag,
    container.ArgvMode,
    spawn.SpawnKind,
    spawn.SpawnFlag,
)
NUMBERS = (
    "CONTROL_MAGIC",
    "CONFIG_MAGIC",
    "POLICY_MAGIC",
    "VERSION",
    "SLOT_COUNT",
    "CONTROL_MIN_SIZE",
    "STRINGS_MAX",
    "STOP_SIGNALS",
    "STOP_LEAVE",
    "MAX_SEGMENTS",
    "MAX_IMAGES",
    "TREE_MAGIC",
    "SLOTS_OFFSET",
)


def c_enum(enum: type[Enum]) -> str:
    """`Fatal.NO_MEMORY` becomes EH_FATAL_NO_MEMORY."""
    stem = "".join("_" + letter if letter.isupper() else letter for letter in enum.__name__).upper()
    rows = "".join(f"    EH{stem}_{member.name} = {int(member.value)},\n" for member in enum)
    return f"enum {{\n{rows}}};\n"


def c_field(kind: str, name: str) -> str:
    base, _, count = kind.partition("[")
    return f"    {base} {name}[{count}" if count else f"    {base} {name}"


def c_struct(layout: Layout) -> str:
    """The structure, and assertions that the compiler lays it out as the Python side does."""
    fields = "".join(c_field(kind, name) + ";\n" for kind, name in layout.fields)
    checks = "".join(
        f"_Static_assert(__builtin_offsetof(struct {layout.name}, {name}) == {layout.offset(name)}, "
        f'"{name}");\n'
        for _, name in layout.fields
    )
    size = f'_Static_assert(sizeof(struct {layout.name}) == {layout.size}, "{layout.name}");\n'
    return f"struct {layout.name} {{\n{fields}}};\n{size}{checks}"


def container_header() -> str:
    rules = "".join(
        f"    EH_RULE_{name.replace('.', '_').upper()} = {bit},\n" for bit, name in enumerate(container.RULES)
    )
    numbers = "".join(f"#define EH_{name} {getattr(container, name):#x}ull\n" for name in NUMBERS)
    parts = [
        HEAD.format(source="elfhaven.abi.container"),
        '#pragma once\n#include "../types.h"\n',
        f"{numbers}#define EH_CHILD_SIGNAL {spawn.CHILD_SIGNAL:#x}ull\n",
        f"enum {{\n{rules}    EH_RULE_COUNT = {len(container.RULES)},\n}};\n",
        *map(c_enum, ENUMS),
        *map(c_struct, container.LAYOUTS),
    ]
    return "\n".join(parts)


OUTPUTS: dict[str, Callable[[], str]] = {
    "runtime/generated/container.h": container_header,
    "runtime/generated/calls.h": lambda: HEAD.format(source="elfhaven.calls.linux") + generate_calls.header(),
    "runtime/generated/rows.h": lambda: HEAD.format(source="elfhaven.calls.linux") + generate_calls.rows(),
    "runtime/generated/dispatch.S": lambda: (
        HEAD.format(source="elfhaven.calls.linux") + generate_calls.dispatch()
    ),
    "docs/reference/calls.md": generate_calls.reference,
}


def main(arguments: list[str]) -> int:
    check = "--check" in arguments
    drifted = 0
    for name, make in OUTPUTS.items():
        path, text = ROOT / name, make()
        if path.exists() and path.read_text() == text:
            continue
        drifted += 1
        if check:
            print(f"{name} is not what tools/generate.py makes: run it and commit the result")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            print(f"wrote {name}")
    return 1 if check and drifted else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
