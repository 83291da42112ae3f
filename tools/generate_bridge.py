# SPDX-License-Identifier: BSD-2-Clause
"""The bridge's generated C: the wire (elfhaven.abi.bridge) and its agent's tables (generate_agent.py).

python tools/generate_bridge.py           write bridge/protocol.h, container.h, calls.h and calls.c
python tools/generate_bridge.py --check   change nothing; exit status 1 if a file is not what it should be
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import Enum
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))
sys.path.insert(0, str(ROOT / "tools"))

import generate_agent  # noqa: E402
from elfhaven.abi import bridge  # noqa: E402
from elfhaven.abi.layout import Layout  # noqa: E402

HEAD = """\
// SPDX-License-Identifier: BSD-2-Clause
// Made by tools/generate_bridge.py from elfhaven.abi.bridge: do not edit.
#pragma once
#include "types.h"
"""
NUMBERS = (
    "MAGIC",
    "VERSION",
    "FRAME_MAX",
    "PARAMS",
    "HANDLES",
    "SHARED_MAX",
    "TA_MAX",
    "CALLS",
    "GROUPS",
    "INPUT_MAX",
    "WORDS",
    "BLOCK",
    "NO_CALL",
    "WHOLE_ANSWER",
)


def header() -> str:
    """The text of bridge/protocol.h."""
    numbers = "".join(f"#define BRIDGE_{name} {getattr(bridge, name):#x}u\n" for name in NUMBERS)
    return "\n".join(
        [
            HEAD,
            numbers,
            _enum(bridge.Kind),
            _enum(bridge.Broken),
            _enum(bridge.Reach),
            *(_struct(layout) for layout in bridge.LAYOUTS),
        ]
    )


def _enum(enum: type[Enum]) -> str:
    stem = enum.__name__.upper()
    rows = "".join(f"    {stem}_{member.name} = {int(member.value)},\n" for member in enum)
    return f"enum {{\n{rows}}};\n"


def _struct(layout: Layout) -> str:
    name = f"bridge_{layout.name}"
    fields = "".join(f"    {_field(kind, field)};\n" for kind, field in layout.fields)
    return (
        f'struct {name} {{\n{fields}}};\n_Static_assert(sizeof(struct {name}) == {layout.size}, "{name}");\n'
    )


def _field(kind: str, name: str) -> str:
    base, _, count = kind.partition("[")
    name = f"{name}_number" if name == "errno" else name
    return f"{base} {name}[{count}" if count else f"{base} {name}"


OUTPUTS: dict[str, Callable[[], str]] = {
    "protocol.h": header,
    "container.h": generate_agent.container_header,
    "calls.h": generate_agent.calls_header,
    "calls.c": generate_agent.calls_source,
}


def main(arguments: list[str]) -> int:
    check, drifted = "--check" in arguments, False
    for name, make in OUTPUTS.items():
        path, text = ROOT / "bridge" / name, make()
        if path.exists() and path.read_text() == text:
            continue
        if check:
            drifted = True
            print(f"bridge/{name} is not what tools/generate_bridge.py makes: run it and commit the result")
        else:
            path.write_text(text)
    return int(drifted)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
