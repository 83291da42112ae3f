# SPDX-License-Identifier: BSD-2-Clause
"""Types of IR, as text: scalars, and vectors of them."""

from __future__ import annotations


def lanes(type: str) -> int:
    """How many; 1 for a scalar."""
    return int(type[1:].split()[0]) if type.startswith("<") else 1


def element(type: str) -> str:
    return type[1:-1].split()[2] if type.startswith("<") else type


def vector(count: int, element_type: str) -> str:
    return f"<{count} x {element_type}>"


def like(type: str, element_type: str) -> str:
    """The same shape with another element."""
    return vector(lanes(type), element_type) if type.startswith("<") else element_type


def mangled(type: str) -> str:
    """How intrinsics spell a type of integers."""
    return f"v{lanes(type)}{element(type)}" if type.startswith("<") else type


def each(type: str, value: int) -> str:
    """A constant of integers in all lanes."""
    if not type.startswith("<"):
        return str(value)
    return "<" + ", ".join([f"{element(type)} {value}"] * lanes(type)) + ">" if value else "zeroinitializer"
