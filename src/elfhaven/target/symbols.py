# SPDX-License-Identifier: BSD-2-Clause
"""The functions of a container's images, for messages about faults; read only when there is a fault."""

from __future__ import annotations

from importlib.resources import files

from elfhaven.abi import elf as abi
from elfhaven.errors import ElfhavenError
from elfhaven.image.reader import Elf
from elfhaven.image.sections import read_sections, read_symbols
from elfhaven.image.ta import parse
from elfhaven.packing import PackedTa, PlacedImage, is_ta, read_contents
from elfhaven.target.faults import Symbols

_STT_FUNC = 2


def of_program(packed: PackedTa, program: str) -> tuple[Symbols, ...]:
    """The runtime's functions, and those of the program's own file where it is at hand and not stripped."""
    contents = read_contents(parse(packed.path.read_bytes(), str(packed.path)))
    images = contents.images if contents else ()
    first = images[0].base if images else 1 << 20
    return (
        *(_of_image(image, program if index == 0 else None) for index, image in enumerate(images)),
        Symbols("the runtime", 0, first, _functions((files("elfhaven") / "runtime.elf").read_bytes(), 0)),
    )


def _of_image(image: PlacedImage, program: str | None) -> Symbols:
    data = b""
    if program is not None:
        with open(program, "rb") as file:
            data = file.read()
    same = len(data) == image.file_size and not is_ta(data)
    return Symbols(image.name, image.base, image.span, _functions(data, image.base) if same else ())


def _functions(data: bytes, base: int) -> tuple[tuple[int, int, str], ...]:
    try:
        elf = Elf.parse(data, "program")
    except ElfhavenError:
        return ()
    found = read_symbols(elf, read_sections(elf), abi.SHT_SYMTAB)
    return tuple(sorted((base + s.value, s.size, s.name) for s in found if s.type == _STT_FUNC))
