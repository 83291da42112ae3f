# SPDX-License-Identifier: BSD-2-Clause
"""The corpus: small C programs, each of which exercises a corner of one call and prints what it saw.

Most stand in the .c files of this folder, each under a line `//// name`; the rest are made by matrices.py.
What stands above a line `////` of its own, within a program, goes before main().
A program prints every result with its errno; it runs in a fresh copy of the fixture and may change it.
"""

from __future__ import annotations

from pathlib import Path

from tests.conformance.programs import matrices

_HERE = Path(__file__).parent


def all_programs() -> dict[str, str]:
    """Every program of the corpus as C source, by name."""
    bodies = matrices.programs()
    for family in sorted(_HERE.glob("*.c")):
        for name, body in _parse(family.read_text()):
            if name in bodies:
                raise ValueError(f"two programs are called {name}")
            bodies[name] = body
    prelude = (_HERE / "prelude.h").read_text()
    return {
        name: f"{prelude}{before}int main(int argc, char **argv) {{\n{main}\nreturn 0; }}\n"
        for name, (before, main) in ((name, _parts(body)) for name, body in bodies.items())
    }


def _parts(body: str) -> tuple[str, str]:
    before, line, main = body.partition("\n////\n")
    return (before + "\n", main) if line else ("", body)


def _parse(text: str) -> list[tuple[str, str]]:
    parts = text.split("//// ")[1:]
    return [(name.strip(), body) for name, _, body in (part.partition("\n") for part in parts)]
