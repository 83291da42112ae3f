# SPDX-License-Identifier: BSD-2-Clause
"""A C structure told once: for the struct module and for the headers that are generated."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Layout:
    """A C structure: `fields` are (C type, name) in order, `count` for arrays in the type as 'u64[6]'."""

    name: str
    fields: tuple[tuple[str, str], ...]

    @cached_property
    def struct(self) -> struct.Struct:
        """The same layout for the struct module."""
        return struct.Struct("<" + "".join(_code(kind) for kind, _ in self.fields))

    @cached_property
    def size(self) -> int:
        return self.struct.size

    def offset(self, field: str) -> int:
        """Byte offset of `field`; KeyError if there is none."""
        return self._offsets[field]

    @cached_property
    def _offsets(self) -> dict[str, int]:
        sizes = [struct.calcsize("<" + _code(kind)) for kind, _ in self.fields]
        return {name: sum(sizes[:at]) for at, (_, name) in enumerate(self.fields)}


def _code(kind: str) -> str:
    base, _, count = kind.partition("[")
    code = {"u8": "B", "u16": "H", "u32": "I", "u64": "Q", "s32": "i", "s64": "q", "char": "s"}[base]
    return f"{count[:-1]}{code}" if count else code
