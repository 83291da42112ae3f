# SPDX-License-Identifier: BSD-2-Clause
"""Abort reports in OP-TEE's own form, so that one symboliser serves this core and a real console."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from elfhaven.machine.address_space import AddressSpace, GuestFault, Kind, Mapping
from elfhaven.machine.engine import X30, Fault, FaultKind
from elfhaven.machine.pagetable import Protection

_TC = "E/TC:? 0 "
_LD = "E/LD:  "
_FRAMES = 16
_ALIGNMENT, _TRANSLATION, _ACCESS_FLAG, _PERMISSION = 0x21, 0x04, 0x08, 0x0C
_WRITE_NOT_READ = 1 << 6
_SERROR_MASKED = 1 << 8  # a TA runs so on OP-TEE


def describe(fault: Fault) -> str:
    """The fault's cause in words, from the syndrome's fault status code; "" where OP-TEE names none."""
    status = fault.syndrome & 0x3F
    if fault.kind is FaultKind.UNDEFINED:
        return ""
    if status == _ALIGNMENT:
        return " (alignment fault)"
    if status & ~3 == _TRANSLATION:
        return " (translation fault)"
    if status & ~3 == _ACCESS_FLAG:
        return " (access flag fault)"
    if status & ~3 == _PERMISSION:
        return " (write permission fault)" if fault.syndrome & _WRITE_NOT_READ else " (read permission fault)"
    return ""


def abort(fault: Fault, registers: Sequence[int], root: int) -> list[str]:
    """The lines about the exception and the registers."""
    address = fault.pc if fault.kind is FaultKind.UNDEFINED else fault.address
    lines = [
        "",
        f"User mode {fault.kind.value}-abort at address {address:#x}{describe(fault)}",
        f" esr {fault.syndrome:#010x}  ttbr0 {root:#x}   ttbr1 0x00000000   cidr 0x0",
        f" cpu #0          cpsr {fault.pstate | _SERROR_MASKED:#010x}",
    ]
    for i in range(0, X30, 2):
        lines.append(f" x{i:<2} {registers[i]:016x} x{i + 1:<2} {registers[i + 1]:016x}")
    lines.append(f" x30 {registers[X30]:016x} elr {fault.pc:016x}")
    lines.append(f" sp_el0 {registers[31]:016x}")
    return [_TC + line for line in lines]


def panic(code: int) -> list[str]:
    return [_TC, f"{_TC}TA panicked with code {code:#x}"]


def interrupted() -> list[str]:
    return [_TC, f"{_TC}TA stopped from outside"]


def status(
    uuid: UUID, space: AddressSpace, images: Sequence[tuple[UUID, int]], stack: Sequence[int]
) -> list[str]:
    """The lines about the TA: its regions, where its images are loaded, its call stack."""
    lines = [f"Status of TA {uuid}", " arch: aarch64"]
    visible = [mapping for mapping in space.mappings if not mapping.kind & Kind.PERMANENT]
    lines += [_region(i, mapping) for i, mapping in enumerate(visible)]
    lines += [f" [{i}] {name} @ {base:#x}" for i, (name, base) in enumerate(images)]
    lines.append(" Call stack:")
    lines += [f" {address:#x}" for address in stack]
    return [_LD + line for line in lines]


def _region(index: int, mapping: Mapping) -> str:
    physical = mapping.backing.pieces(mapping.offset, mapping.size)[0][0]
    rights = "".join(
        letter if mapping.protection & bit else "-"
        for letter, bit in (("r", Protection.READ), ("w", Protection.WRITE), ("x", Protection.EXECUTE))
    )
    secure = "s" if mapping.backing.secure else "-"
    label = f" {mapping.label}" if mapping.label else ""
    return (
        f"region {index:2d}: va {mapping.start:#010x} pa {physical:#010x} "
        f"size {mapping.size:#08x} flags {rights}{secure}{label}"
    )


def unwind(space: AddressSpace, pc: int, frame: int) -> list[int]:
    """Return addresses along the frame pointers, the PC first."""
    out = [pc]
    while len(out) < _FRAMES and frame and frame % 8 == 0:
        try:
            following, back = space.read_u64(frame), space.read_u64(frame + 8)
        except GuestFault:
            break
        if not back or following <= frame:
            break
        out.append(back)
        frame = following
    return out
