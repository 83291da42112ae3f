# SPDX-License-Identifier: BSD-2-Clause
"""Numbers and layouts of ELF64 little-endian files (System V gABI, chapters 4 and 5; AAELF64)."""

from __future__ import annotations

from struct import Struct
from typing import Final

MAGIC: Final = b"\x7fELF"

# e_ident
EI_CLASS: Final = 4
EI_DATA: Final = 5
EI_VERSION: Final = 6
EI_OSABI: Final = 7
ELFCLASS32: Final = 1
ELFCLASS64: Final = 2
ELFDATA2LSB: Final = 1
EV_CURRENT: Final = 1

# e_type
ET_REL: Final = 1
ET_EXEC: Final = 2
ET_DYN: Final = 3
ET_CORE: Final = 4

EM_AARCH64: Final = 183
MACHINES: Final = {
    3: "32-bit x86",
    8: "MIPS",
    20: "32-bit PowerPC",
    21: "64-bit PowerPC",
    22: "S/390",
    40: "32-bit Arm",
    62: "x86-64",
    183: "AArch64",
    243: "RISC-V",
    258: "LoongArch",
}

# p_type
PT_LOAD: Final = 1
PT_DYNAMIC: Final = 2
PT_INTERP: Final = 3
PT_NOTE: Final = 4
PT_PHDR: Final = 6
PT_TLS: Final = 7
PT_GNU_EH_FRAME: Final = 0x6474E550
PT_GNU_STACK: Final = 0x6474E551
PT_GNU_RELRO: Final = 0x6474E552
OWN_TABLES: Final = (PT_PHDR, PT_INTERP, PT_NOTE, PT_DYNAMIC, PT_GNU_EH_FRAME)  # never instructions

# p_flags
PF_X: Final = 1
PF_W: Final = 2
PF_R: Final = 4

PN_XNUM: Final = 0xFFFF

# sh_type, sh_flags
SHT_NULL: Final = 0
SHT_SYMTAB: Final = 2
SHT_STRTAB: Final = 3
SHT_NOBITS: Final = 8
SHT_DYNSYM: Final = 11
SHF_ALLOC: Final = 2
SHF_EXECINSTR: Final = 4
SHN_UNDEF: Final = 0

# symbols
STB_WEAK: Final = 2
STT_NOTYPE: Final = 0
STT_OBJECT: Final = 1
STT_FUNC: Final = 2
STT_GNU_IFUNC: Final = 10

# d_tag
DT_NULL: Final = 0
DT_NEEDED: Final = 1
DT_STRTAB: Final = 5
DT_SYMTAB: Final = 6
DT_RELA: Final = 7
DT_RELASZ: Final = 8
DT_PLTRELSZ: Final = 2
DT_JMPREL: Final = 23
DT_STRSZ: Final = 10
DT_SYMENT: Final = 11
DT_INIT: Final = 12
DT_FINI: Final = 13
DT_SONAME: Final = 14
DT_RPATH: Final = 15
DT_TEXTREL: Final = 22
DT_RUNPATH: Final = 29
DT_FLAGS: Final = 30
DT_RELRSZ: Final = 35
DT_RELR: Final = 36
DF_TEXTREL: Final = 4

# relocations (AAELF64, 5.7)
R_AARCH64_ABS64: Final = 257
R_AARCH64_JUMP_SLOT: Final = 1026
R_AARCH64_RELATIVE: Final = 1027
R_AARCH64_IRELATIVE: Final = 1032

NT_GNU_BUILD_ID: Final = 3

EHDR: Final = Struct("<16sHHIQQQIHHHHHH")
PHDR: Final = Struct("<IIQQQQQQ")
SHDR: Final = Struct("<IIQQQQIIQQ")
SYM: Final = Struct("<IBBHQQ")
DYN: Final = Struct("<qQ")
RELA: Final = Struct("<QQq")
NHDR: Final = Struct("<III")

# offsets of fields that the packer rewrites inside a program header
PHDR_MEMSZ: Final = 40
PHDR_ALIGN: Final = 48

PAGE: Final = 4096


def page_floor(value: int) -> int:
    """`value` rounded down to a page of 4 KiB."""
    return value & -PAGE


def page_ceil(value: int) -> int:
    """`value` rounded up to a page of 4 KiB."""
    return (value + PAGE - 1) & -PAGE
