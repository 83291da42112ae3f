# SPDX-License-Identifier: BSD-2-Clause
"""A stand-in for the container runtime, and a bare machine that runs what is packed with it.

The stand-in's eh_sys_enter is `svc #0; ret`; the machine answers it as Linux would. So what is tested is the
packer's work alone: stubs, addresses, protections, configuration.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from uuid import UUID

import unicorn
from unicorn import arm64_const as arm

from elfhaven.abi import container
from elfhaven.abi import elf as abi
from elfhaven.image.layout import ContainerConfig, build
from elfhaven.image.reader import Elf
from elfhaven.image.runtime_image import RuntimeImage

UUID_1 = UUID("01234567-89ab-cdef-0123-456789abcdef")
SVC_1 = 0xD4000021
TEXT = struct.pack(  # ta_head; svc, ret; brk; svc, ret
    "<32sIIIII", b"", 0xD4000001, 0xD65F03C0, 0xD4200000, SVC_1, 0xD65F03C0
)
DATA_ADDRESS = 0x1000
BSS = 0x200
STOP_ADDRESS = DATA_ADDRESS + (container.CONFIG_SIZE + 7) // 8 * 8  # in bss
COUNTER = 123456789
_HEAP = 4 << 20
_STACK = 1 << 20
BASE = 0x40000000


def runtime_elf(**symbols: int) -> bytes:
    """The ELF of the stand-in; `symbols` overrides or adds values."""
    data = b"\xaa" * container.CONFIG_SIZE
    places = {"ta_head": 0, "eh_sys_enter": 32, "_ta_entry": 40, "eh_config": DATA_ADDRESS}
    places |= {"eh_poll": 44, "eh_stop": STOP_ADDRESS, **symbols}
    names, table = b"\0", bytes(abi.SYM.size)
    for name, value in places.items():
        table += abi.SYM.pack(len(names), 0, 0, 1, value, 0)
        names += name.encode() + b"\0"
    section_names = b"\0.text\0.data\0.bss\0.symtab\0.strtab\0"
    body = bytearray(0x1000) + TEXT.ljust(0x1000, b"\0") + data
    spans = []
    for blob in (table, names, section_names):
        spans.append((len(body), len(blob)))
        body += blob
    end = DATA_ADDRESS + len(data)
    rows = (
        (0,) * 10,
        (1, 1, 6, 0, 0x1000, len(TEXT), 0, 0, 4, 0),
        (7, 1, 3, DATA_ADDRESS, 0x2000, len(data), 0, 0, 8, 0),
        (13, 8, 3, end, 0, BSS, 0, 0, 8, 0),
        (18, 2, 0, 0, *spans[0], 5, 0, 8, 24),
        (26, 3, 0, 0, *spans[1], 0, 0, 1, 0),
        (26, 3, 0, 0, *spans[2], 0, 0, 1, 0),
    )
    shoff = len(body)
    body += b"".join(abi.SHDR.pack(*row) for row in rows)
    loads = abi.PHDR.pack(1, 5, 0x1000, 0, 0, len(TEXT), len(TEXT), 0x1000)
    loads += abi.PHDR.pack(1, 6, 0x2000, DATA_ADDRESS, DATA_ADDRESS, len(data), len(data) + BSS, 0x1000)
    head = abi.EHDR.pack(b"\x7fELF\2\1\1", 2, 183, 1, 40, 64, shoff, 0, 64, 56, 2, 64, len(rows), 6)
    body[: len(head) + len(loads)] = head + loads
    return bytes(body)


def runtime() -> RuntimeImage:
    return RuntimeImage.parse(runtime_elf())


def pack(program: bytes, name: str = "prog", flags: int = 0) -> bytes:
    """The TA's ELF of one static program."""
    return build(runtime(), Elf.parse(program, name), ContainerConfig(UUID_1, flags), b"policy")


@dataclass
class Run:
    """Where a run stands; `calls` are the numbers made, in order."""

    out: bytearray = field(default_factory=bytearray)
    calls: list[int] = field(default_factory=list)
    status: int | None = None
    heap: int = 0
    polls: int = 0
    most_polls: int | None = None  # then the run ends


def run(ta: bytes, *argv: str, steps: int = 3_000_000, asked: int = 0, most_polls: int | None = None) -> Run:
    """Runs the program in a TA's ELF until it exits; AssertionError if it does not within `steps`.

    `asked` is the word that its checks look at; `most_polls` ends the run after that many that found it set.
    """
    elf = Elf.parse(ta, "TA")
    uc = unicorn.Uc(unicorn.UC_ARCH_ARM64, unicorn.UC_MODE_ARM)
    uc.reg_write(arm.UC_ARM64_REG_CPACR_EL1, 3 << 20)
    for load in elf.loads:
        protection = (load.flags & 4) >> 2 | load.flags & 2 | (load.flags & 1) << 2
        uc.mem_map(BASE + load.address, abi.page_ceil(load.memory_size), protection)
        uc.mem_write(BASE + load.address, ta[load.offset : load.offset + load.file_size])
    raw = elf.bytes_at(DATA_ADDRESS, container.CONFIG.size)
    assert raw is not None
    config = dict(
        zip((n for _, n in container.CONFIG.fields), container.CONFIG.struct.unpack(raw), strict=False)
    )
    top = BASE + abi.page_ceil(elf.span) + _HEAP + _STACK
    state = Run(heap=top - _STACK - _HEAP, most_polls=most_polls)
    uc.mem_map(state.heap, _HEAP + _STACK, 3)
    uc.mem_write(top - 16, struct.pack("<Q", asked))
    uc.mem_write(BASE + STOP_ADDRESS, struct.pack("<Q", top - 16))
    uc.reg_write(arm.UC_ARM64_REG_SP, _stack(uc, top, config, argv or ("prog",)))
    uc.hook_add(unicorn.UC_HOOK_INTR, _on_call, state)
    uc.emu_start(BASE + config["entry"], 0, count=steps)
    assert state.status is not None or state.polls == most_polls, "the program did not end"
    return state


def _stack(uc: unicorn.Uc, top: int, config: dict[str, int], argv: tuple[str, ...]) -> int:
    """argc, argv, envp and auxv as Linux lays them out; the stack pointer."""
    place = top - 4096
    pointers = []
    for argument in argv:
        pointers.append(place)
        uc.mem_write(place, argument.encode() + b"\0")
        place += len(argument) + 1
    phdr, entry = BASE + config["phdr"], BASE + config["program_entry"]
    auxv = [
        3,
        phdr,
        4,
        56,
        5,
        config["phnum"],
        6,
        4096,
        7,
        0,
        9,
        entry,
        16,
        config["hwcap"],
        25,
        top - 64,
        0,
        0,
    ]
    words = [len(argv), *pointers, 0, 0, *auxv]
    at = (top - 4096 - 8 * len(words)) & -16
    uc.mem_write(at, struct.pack(f"<{len(words)}Q", *words))
    return at


def _on_call(uc: unicorn.Uc, number: int, state: Run) -> None:
    assert number == 2, f"exception {number} at {uc.reg_read(arm.UC_ARM64_REG_PC):#x}"
    if uc.mem_read(uc.reg_read(arm.UC_ARM64_REG_PC) - 4, 4) == struct.pack("<I", SVC_1):
        state.polls += 1
        if state.polls == state.most_polls:
            uc.emu_stop()
        return
    call = uc.reg_read(arm.UC_ARM64_REG_X8)
    x0, x1, x2 = (uc.reg_read(r) for r in (arm.UC_ARM64_REG_X0, arm.UC_ARM64_REG_X1, arm.UC_ARM64_REG_X2))
    state.calls.append(call)
    result = -38
    if call in (93, 94):
        state.status = x0 & 0xFF
        uc.emu_stop()
    elif call == 64:
        state.out += uc.mem_read(x1, x2)
        result = x2
    elif call == 66:
        pieces = struct.iter_unpack("<QQ", bytes(uc.mem_read(x1, 16 * x2)))
        texts = [bytes(uc.mem_read(at, size)) for at, size in pieces]
        state.out += b"".join(texts)
        result = sum(map(len, texts))
    elif call == 222:
        result, state.heap = state.heap, state.heap + abi.page_ceil(x1)
    elif 172 <= call <= 178 or call == 96:
        result = call * 10
    elif call == 0x1000:
        result = COUNTER
    uc.reg_write(arm.UC_ARM64_REG_X0, result & (1 << 64) - 1)
