# SPDX-License-Identifier: BSD-2-Clause
"""The functions of a container's images, for messages about faults; read only when there is a fault."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path

from elfhaven.abi import elf as abi
from elfhaven.errors import ElfhavenError
from elfhaven.image.reader import Elf
from elfhaven.image.sections import read_sections, read_symbols
from elfhaven.image.ta import parse
from elfhaven.packing import PackedTa, PlacedImage, is_ta, read_contents
from elfhaven.target.faults import Symbols

_STT_FUNC = 2
_DIRECTORIES = ("/usr/lib/aarch64-linux-gnu", "/lib/aarch64-linux-gnu", "/usr/lib", "/lib", "/lib64")


def of_program(packed: PackedTa, program: str) -> tuple[Symbols, ...]:
    """The runtime's functions, and those of the program's own file where it is at hand and not stripped."""
    return _placed(packed, lambda index, _: program if index == 0 else None)


def of_system(packed: PackedTa, program: str, root: Path | None, path: str | None) -> tuple[Symbols, ...]:
    """The same with the functions of every library that lies in `root`, where the program is `path`."""
    files = dict(files_of(packed, program, root, path))
    return _placed(packed, lambda _, image: files.get(image.name))


def files_of(
    packed: PackedTa, program: str, root: Path | None, path: str | None
) -> Iterator[tuple[str, str]]:
    """The images of a container whose files are at hand: name and file on this machine."""
    images = _images(packed)
    if root is None:
        yield from ((image.name, program) for image in images[:1])
        return
    from elfhaven.image.libraries import inside

    for index, image in enumerate(images):
        places = [path or image.name] if index == 0 else _places(image.name)
        found = next((file for place in places if (file := inside(root, place)) and file.is_file()), None)
        if found is not None:
            yield image.name, str(found)


def _places(name: str) -> list[str]:
    return [name] if "/" in name else [f"{directory}/{name}" for directory in _DIRECTORIES]


def _images(packed: PackedTa) -> tuple[PlacedImage, ...]:
    contents = read_contents(parse(packed.path.read_bytes(), str(packed.path)))
    return contents.images if contents else ()


def _placed(packed: PackedTa, file_of: Callable[[int, PlacedImage], str | None]) -> tuple[Symbols, ...]:
    images = _images(packed)
    first = images[0].begin if images else 1 << 20
    return (
        *(_of_image(image, file_of(index, image)) for index, image in enumerate(images)),
        Symbols("the runtime", 0, first, _functions((files("elfhaven") / "runtime.elf").read_bytes(), 0)),
    )


def _of_image(image: PlacedImage, program: str | None) -> Symbols:
    data = b""
    if program is not None:
        with open(program, "rb") as file:
            data = file.read()
    same = len(data) == image.file_size and not is_ta(data)
    return Symbols(
        image.name, image.begin, image.end - image.begin, _functions(data, image.base) if same else ()
    )


def _functions(data: bytes, base: int) -> tuple[tuple[int, int, str], ...]:
    try:
        elf = Elf.parse(data, "program")
    except ElfhavenError:
        return ()
    sections = read_sections(elf)
    found = list(read_symbols(elf, sections, abi.SHT_SYMTAB)) or read_symbols(elf, sections, abi.SHT_DYNSYM)
    return tuple(sorted((base + s.value, s.size, s.name) for s in found if s.type == _STT_FUNC))
