# SPDX-License-Identifier: BSD-2-Clause
"""The container runtime as the packer needs it: text at 0, data and bss, and six symbols."""

from __future__ import annotations

from dataclasses import dataclass

from elfhaven.abi import container
from elfhaven.abi import elf as abi
from elfhaven.abi.ta_image import TA_HEAD
from elfhaven.errors import ImageError
from elfhaven.image.reader import Elf
from elfhaven.image.sections import Section, read_sections, read_symbols

_FIX = "build the runtime again: python tools/build_runtime.py"
_SYMBOLS = ("ta_head", "_ta_entry", "eh_sys_enter", "eh_config", "eh_poll", "eh_stop")


@dataclass(frozen=True, slots=True)
class RuntimeImage:
    """Bytes and addresses of runtime.elf; data and bss are one writable segment up to `end`."""

    text: bytes
    data: bytes
    data_address: int
    end: int
    entry: int
    sys_enter: int
    config: int
    poll: int  # entry of the checks of a stoppable program
    stop: int  # where the pointer lies to the word that they look at

    @classmethod
    def parse(cls, raw: bytes, name: str = "runtime.elf") -> RuntimeImage:
        """Reads the runtime's ELF; ImageError if it is not laid out as the packer expects."""
        elf = Elf.parse(raw, name)
        sections = read_sections(elf)
        text, data = _section(sections, ".text", name), _section(sections, ".data", name)
        bss = next((s for s in sections if s.name == ".bss"), None)
        known = {".text", ".data", ".bss"}
        extra = [s.name for s in sections if s.allocated and s.size and s.name not in known]
        if extra or text.address or data.address % abi.PAGE or data.address < text.size:
            raise ImageError(
                f"{name}: sections {extra or 'misplaced'}; wanted .text at 0, .data on a page, .bss", _FIX
            )
        end = max(data.address + data.size, bss.address + bss.size if bss else 0)
        places = _symbols(elf, sections, name)
        image = cls(
            _bytes(elf, text), _bytes(elf, data), data.address, end, *(places[n] for n in _SYMBOLS[1:])
        )
        image._check(places["ta_head"], name)
        return image

    @property
    def stack_size(self) -> int:
        """What the runtime's own ta_head asks for, in bytes."""
        return int(TA_HEAD.unpack_from(self.text)[4])

    @property
    def flags(self) -> int:
        return int(TA_HEAD.unpack_from(self.text)[5])

    def _check(self, ta_head: int, name: str) -> None:
        config_end = self.config + container.CONFIG_SIZE
        in_data = self.data_address <= self.config and config_end <= self.data_address + len(self.data)
        in_text = (
            max(self.entry, self.sys_enter, self.poll) < len(self.text) and len(self.text) >= TA_HEAD.size
        )
        in_data = in_data and self.data_address <= self.stop < self.end and not self.stop % 8
        if ta_head or not in_data or not in_text:
            raise ImageError(
                f"{name}: a symbol lies outside its section (eh_config at {self.config:#x})", _FIX
            )


def _section(sections: tuple[Section, ...], wanted: str, name: str) -> Section:
    for section in sections:
        if section.name == wanted:
            return section
    raise ImageError(f"{name}: no section {wanted}", _FIX)


def _symbols(elf: Elf, sections: tuple[Section, ...], name: str) -> dict[str, int]:
    places = {s.name: s.value for s in read_symbols(elf, sections, abi.SHT_SYMTAB) if s.name in _SYMBOLS}
    missing = [wanted for wanted in _SYMBOLS if wanted not in places]
    if missing:
        raise ImageError(f"{name}: no symbol {', '.join(missing)}", _FIX)
    return places


def _bytes(elf: Elf, section: Section) -> bytes:
    return elf.data[section.offset : section.offset + section.size]
