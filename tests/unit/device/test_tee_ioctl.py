# SPDX-License-Identifier: BSD-2-Clause
"""abi/tee_ioctl.py against Linux's own header, as zig brings it: every number and every structure."""

from __future__ import annotations

import subprocess
from functools import cache

import pytest
from tests.support import zig

from elfhaven.abi import tee_ioctl

PREFIXES = ("TEE_", "TEE_IOCTL_", "TEE_IOCTL_PARAM_", "TEE_IOC_")
NUMBERS = {
    name: value for name, value in vars(tee_ioctl).items() if name[0].isupper() and isinstance(value, int)
}


@cache
def _header() -> dict[str, int]:
    """What a C compiler says: numbers by every name they may have, sizes and offsets by structure."""
    lines = []
    for name in NUMBERS:
        for prefix in PREFIXES:
            full = prefix + name
            lines.append(f'#ifdef {full}\nprintf("{name} %llu\\n", (unsigned long long)({full}));\n#endif')
    for layout in tee_ioctl.LAYOUTS:
        structure = f"struct {layout.name}"
        lines.append(f'printf("{layout.name} %zu\\n", sizeof({structure}));')
        lines += [
            f'printf("{layout.name}.{field} %zu\\n", offsetof({structure}, {field}));'
            for _, field in layout.fields
        ]
        lines += [
            f'printf("{layout.name}.{field}# %zu\\n", sizeof((({structure} *)0)->{field}));'
            for _, field in layout.fields
        ]
    source = "#include <linux/tee.h>\n#include <stddef.h>\n#include <stdio.h>\nint main(void) {\n%s\n}\n"
    program = zig.compile_program(source % "\n".join(lines), target=zig.X86_64)
    said = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    return {name: int(value) for name, value in (line.split() for line in said.splitlines())}


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number(name: str) -> None:
    assert _header()[name] == NUMBERS[name]


@pytest.mark.parametrize("layout", tee_ioctl.LAYOUTS, ids=lambda layout: layout.name)
def test_a_structure(layout: tee_ioctl.Layout) -> None:
    header = _header()
    assert layout.size == header[layout.name]
    ends = [*(layout.offset(field) for _, field in layout.fields[1:]), layout.size]
    for (_, field), end in zip(layout.fields, ends, strict=True):
        assert layout.offset(field) == header[f"{layout.name}.{field}"]
        assert end - layout.offset(field) == header[f"{layout.name}.{field}#"]
