# SPDX-License-Identifier: BSD-2-Clause
"""The C of the bridge's agent that is made from the tables: structures of the container, calls, numbers.

Sources: elfhaven.abi.container, elfhaven.abi.linux, and the delegated rows of elfhaven.calls.linux, with the
names of the functions that serve them (elfhaven.normal.handlers, whose C counterparts are in bridge/).
"""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))
sys.path.insert(0, str(ROOT / "tools"))

from elfhaven.abi import container, linux  # noqa: E402
from elfhaven.calls.linux import LINUX  # noqa: E402
from elfhaven.calls.linux_attributes import ATTRIBUTES  # noqa: E402
from elfhaven.calls.linux_sockets import SOCKETS  # noqa: E402
from elfhaven.calls.row import Row, Served  # noqa: E402
from elfhaven.normal.agent import shape_of  # noqa: E402
from elfhaven.normal.handlers import Handlers  # noqa: E402
from elfhaven.normal.linux.attributes import NO_FILE  # noqa: E402
from generate import c_enum, c_struct  # noqa: E402

HEAD = """\
// SPDX-License-Identifier: BSD-2-Clause
// Made by tools/generate_bridge.py from {source}: do not edit.
"""
ENUMS: tuple[type[Enum], ...] = (
    container.Command,
    container.State,
    container.SlotState,
    container.StartFlag,
)
LAYOUTS = (container.CONTROL, container.SLOT, container.OPEN_REPLY)
NUMBERS = (
    *("CONTROL_MAGIC", "VERSION", "SLOT_COUNT", "CONTROL_MIN_SIZE", "WINDOW_DEFAULT"),
    *("STRINGS_MAX", "STOP_LEAVE", "SLOTS_OFFSET"),
)
CHILDREN = (221, 260)  # execve and wait4, like sockets, are served by this machine's agent alone
LINUX_PREFIXES = ("O_", "AT_", "RENAME_", "FALLOC_")
LINUX_NUMBERS = (
    *("PATH_MAX", "MAX_SYMLINKS", "FLOCK_SIZE", "TERMIOS_SIZE", "WINSIZE_SIZE", "STAT_SIZE", "STATX_SIZE"),
    *("F_GETFL", "F_SETFL", "F_GETLK", "F_SETLK", "F_SETLKW", "TCGETS", "TIOCGWINSZ"),
)


def container_header() -> str:
    """bridge/container.h: the control block, and arm64 Linux's numbers as LINUX_*."""
    numbers = "".join(f"#define EH_{name} {getattr(container, name):#x}u\n" for name in NUMBERS)
    names = [name for name in vars(linux) if name.startswith(LINUX_PREFIXES)] + list(LINUX_NUMBERS)
    guest = "".join(
        f"#define LINUX_{name} {value:#x}u\n"
        for name in names
        if isinstance(value := getattr(linux, name), int) and value >= 0
    )
    return "\n".join(
        [
            HEAD.format(source="elfhaven.abi.container and elfhaven.abi.linux"),
            '#pragma once\n#include "types.h"\n',
            numbers + f"#define NO_FILE {NO_FILE:#x}u\n",
            guest,
            *map(c_enum, ENUMS),
            *map(c_struct, LAYOUTS),
        ]
    )


def calls_header() -> str:
    """bridge/calls.h: what a row says of a request, and a handler for each."""
    functions = sorted({_function(row) for row in _rows()})
    prototypes = "".join(f"s64 {name}(struct agent *agent, struct request *request);\n" for name in functions)
    return f"""\
{HEAD.format(source="elfhaven.calls.linux")}#pragma once
#include "container.h"

struct agent;
struct request;

struct call_row {{
    u32 call; // Linux's number
    u8 scalars, paths, input, output; // what of a slot the call uses
    u8 file; // the first scalar is a file's number
    s64 (*handler)(struct agent *, struct request *);
}};

#define CALL_ROWS {len(_rows())}
extern const struct call_row call_rows[CALL_ROWS];

// The row of a call's number; NULL for one that is not delegated.
const struct call_row *call_row(u32 call);

{prototypes}"""


def calls_source() -> str:
    """bridge/calls.c: the rows, and which row a number has."""
    lines = "".join(f"    {_initial(row)},\n" for row in _rows())
    cases = "".join(
        f"    case {row.number}: return &call_rows[{index}]; // {row.name}\n"
        for index, row in enumerate(_rows())
    )
    return f"""\
{HEAD.format(source="elfhaven.calls.linux")}#include "calls.h"

#include <stddef.h>

const struct call_row call_rows[CALL_ROWS] = {{
{lines}}};

const struct call_row *call_row(u32 call) {{
    switch (call) {{
{cases}    default: return NULL;
    }}
}}
"""


def _rows() -> list[Row]:
    """Sockets and attributes are not served there: its agent answers ENOSYS to what it does not have."""
    theirs = frozenset((*(row.number for row in (*SOCKETS, *ATTRIBUTES)), *CHILDREN))
    return [row for row in LINUX.rows if row.served is Served.DELEGATED and row.number not in theirs]


def _function(row: Row) -> str:
    """The same function serves rows that cross alike."""
    name: str = getattr(Handlers, f"sys_{row.name}").__name__
    return name


def _initial(row: Row) -> str:
    shape = shape_of(row)
    names = (shape.scalars, shape.paths, int(shape.input), int(shape.output))
    file = int(bool(row.wire) and row.wire[0].kind == "file")
    return f"{{{row.number}, {', '.join(map(str, names))}, {file}, {_function(row)}}}"
