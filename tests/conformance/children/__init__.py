# SPDX-License-Identifier: BSD-2-Clause
"""Programs that start others: a parent, what it starts, and their manifests."""

from __future__ import annotations

from pathlib import Path

import elfhaven
from tests.support.zig import compile_program

SOURCES = Path(__file__).parent
STDIN = SOURCES / "child.c"
FILES = '[files]\nread = ["."]\nwrite = ["made"]\n[env]\nallow = ["WORD"]\n'
PARENT = f'{FILES}[programs]\nchild = "child.ta"\n'
CHILD = f'name = "a-child"\n{FILES}[programs]\ngrand = "grand.ta"\n'


def program(name: str, target: str | None = None) -> Path:
    """`parent` or `child`, for this machine's `target` of zig or as what runs inside."""
    return compile_program((SOURCES / f"{name}.c").read_text(), **({"target": target} if target else {}))


def family(place: Path, sign: str | None = None) -> Path:
    """Packs the children into `place`, and lays the parent's manifests beside them."""
    (place / "grand.toml").write_text('name = "a-grandchild"\n')
    (place / "child.toml").write_text(CHILD)
    for name in ("grand", "child"):
        file = place / f"{name}.ta"
        elfhaven.pack(program("child"), manifest=place / f"{name}.toml", output=file, sign=sign)
    (place / "open.toml").write_text('pipes = "open"\n' + PARENT)
    (place / "inside.toml").write_text(PARENT)
    (place / "none.toml").write_text(FILES)
    return place
