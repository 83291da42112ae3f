# SPDX-License-Identifier: BSD-2-Clause
"""As much of A64 as the packer must decode (Arm ARM DDI 0487, C4.1), on 32-bit instruction words.

`valid` may take an unallocated word for an instruction in classes that it does not look into (loads, SIMD,
SVE); it never calls an allocated instruction of ARMv8-A invalid. Addresses are byte addresses.
"""

from __future__ import annotations

SVC_0 = 0xD4000001
NOP = 0xD503201F
_REACH = 1 << 27  # bytes that B and BL reach to either side


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) & 1 else value


def is_call(word: int) -> bool:
    """BL, BLR and its authenticating forms."""
    return word >> 26 == 0b100101 or word & 0xFEFFF000 == 0xD63F0000


def may_not_return(word: int) -> bool:
    """Calls, BRK and HLT: x8 does not survive them (AAPCS64, 6.1.1), and data may stand right after them."""
    return is_call(word) or word & 0xFFE0001F in (0xD4200000, 0xD4400000)


def is_indirect_jump(word: int) -> bool:
    """BR and its authenticating forms."""
    return word & 0xFEFFF000 == 0xD61F0000


def through_register(word: int) -> bool:
    """BR, BLR and their authenticating forms."""
    return is_indirect_jump(word) or word & 0xFEFFF000 == 0xD63F0000


def falls_through(word: int) -> bool:
    """Whether the next word can run after this one."""
    if word >> 26 == 0b000101 or word >> 25 == 0b1101011:
        return is_call(word)
    return valid(word)


def branch_target(word: int, address: int) -> int | None:
    """Where a direct branch or call leads; None for other words."""
    top = word >> 24
    if top & 0x7C == 0x14:  # B, BL
        return address + 4 * _signed(word & 0x3FFFFFF, 26)
    if top == 0x54 or top & 0x7E == 0x34:  # B.cond, CBZ, CBNZ
        return address + 4 * _signed(word >> 5 & 0x7FFFF, 19)
    if top & 0x7E == 0x36:  # TBZ, TBNZ
        return address + 4 * _signed(word >> 5 & 0x3FFF, 14)
    return None


def literal(word: int, address: int) -> tuple[int, int] | None:
    """(address, size) of the data that a PC-relative load reads; None for other words."""
    if word & 0x3B000000 != 0x18000000:
        return None
    simd, size = word >> 26 & 1, word >> 30
    if size == 3:
        return None  # PRFM, or unallocated
    length = 4 << size if simd else (8 if size == 1 else 4)
    return address + 4 * _signed(word >> 5 & 0x7FFFF, 19), length


def page_address(word: int, address: int) -> int | None:
    """What ADR or ADRP computes; None for other words."""
    if word & 0x1F000000 != 0x10000000:
        return None
    offset = _signed((word >> 5 & 0x7FFFF) << 2 | word >> 29 & 3, 21)
    return (address & -4096) + (offset << 12) if word >> 31 else address + offset


def add_immediate(word: int) -> tuple[int, int, int] | None:
    """(Rd, Rn, value) of ADD (immediate, 64-bit); None for other words."""
    if word & 0xFF800000 != 0x91000000:
        return None
    return word & 31, word >> 5 & 31, (word >> 10 & 0xFFF) << (12 if word >> 22 & 1 else 0)


def constant_in_x8(word: int) -> int | None:
    """The value that MOVZ, or ORR with the zero register, puts into w8 or x8; None for other words."""
    if word & 31 != 8:
        return None
    if word & 0x7F800000 == 0x52800000:
        return (word >> 5 & 0xFFFF) << (16 * (word >> 21 & 3))
    if word & 0x7F8003E0 == 0x320003E0:
        return _bitmask(word)
    return None


def _bitmask(word: int) -> int | None:
    """The immediate of a logical instruction (DecodeBitMasks, Arm ARM J1.1.3)."""
    n, immr, imms = word >> 22 & 1, word >> 16 & 63, word >> 10 & 63
    length = (n << 6 | ~imms & 63).bit_length() - 1
    if length < 1:
        return None
    size = 1 << length
    ones, turn = (imms & (size - 1)) + 1, immr & (size - 1)
    if ones == size:
        return None
    element = (1 << ones) - 1
    element = (element >> turn | element << (size - turn)) & ((1 << size) - 1)
    width = 64 if word >> 31 else 32
    return sum(element << at for at in range(0, width, size)) & ((1 << width) - 1)


def writes_x8(word: int) -> bool:
    """Whether the instruction has w8 or x8 as its result (base register write-back left aside)."""
    if word >> 10 & 31 == 8 and word & 0x3E400000 == 0x28400000:  # LDP: second register
        return True
    if word & 31 != 8:
        return False
    group = word >> 25 & 15
    if group in (8, 9):  # immediates, ADR
        return True
    if group in (5, 13):  # registers, without the conditional compares
        return word & 0x1FE00000 != 0x1A400000
    if group in (4, 6, 12, 14):
        return _loads(word)
    if word & 0xFFF00000 in (0xD5300000, 0xD5200000):  # MRS, SYSL
        return True
    moves = word & 0x7F20FC00 == 0x1E200000 and word >> 16 & 7 in (0, 1, 4, 5, 6)  # FMOV, FCVT to general
    return moves or word & 0xBFE0EC00 == 0x0E002C00  # SMOV, UMOV


def _loads(word: int) -> bool:
    if word & 0x3E000000 == 0x38000000:
        atomic = word & 0x01200C00 == 0x00200000
        return atomic or (word >> 22 & 3 != 0 and word >> 22 & 0x303 != 0x302)  # 0x302: PRFM
    if word & 0x3F000000 == 0x18000000:
        return word >> 30 != 3
    pair = word & 0x3E000000 == 0x28000000
    exclusive = word & 0x3F000000 == 0x08000000
    return (pair or exclusive) and bool(word >> 22 & 1)


def valid(word: int) -> bool:
    """Whether the word is (by class, in most classes to the field) an A64 instruction."""
    group = word >> 25 & 15
    if group in (8, 9):
        return _valid_immediate(word)
    if group in (10, 11):
        return _valid_branch_or_system(word)
    if group in (5, 13):
        return _valid_register(word)
    if group in (0, 1, 3):
        return group == 0 and word >> 31 == 1  # SME
    if (
        word & 0x3E000000 == 0x38000000
    ):  # loads and stores of one register: LDRSW and LDRSB have no wider form
        return word & 0xC0C00000 not in (0xC0C00000, 0x80C00000) or word & 0x01200000 == 0x00200000
    return True


def _valid_immediate(word: int) -> bool:
    kind, sf = word >> 23 & 7, word >> 31
    opc, n, imms = word >> 29 & 3, word >> 22 & 1, word >> 10 & 63
    if kind == 3:  # ADDG, SUBG; MIN, MAX
        return bool(sf) or n == 1
    if kind == 4:
        return (sf == 1 or n == 0) and (n == 1 or imms < 0x3E)
    if kind == 5:
        return opc != 1 and (sf == 1 or word >> 21 & 3 < 2)
    if kind == 6:
        return opc != 3 and n == sf and (sf == 1 or (imms < 32 and word >> 16 & 63 < 32))
    if kind == 7:
        return opc == 3 or (opc == 0 and n == sf and not word >> 21 & 1 and (sf == 1 or imms < 32))
    return True


def _valid_branch_or_system(word: int) -> bool:
    kind = word >> 29
    if kind in (0, 4, 1, 5):  # B, BL, CBZ, TBZ and the compare-and-branch of later versions
        return True
    if kind == 2:
        return word >> 24 == 0x54
    if kind != 6:
        return kind == 3 and word >> 24 in (0x74, 0x75)
    top = word >> 24
    if top == 0xD4:
        return _valid_exception(word)
    if top == 0xD5:
        return _valid_system(word)
    return word >> 16 & 31 == 31 and word >> 10 & 63 in (0, 2, 3) and word >> 21 & 15 in (0, 1, 2, 4, 5, 8, 9)


def _valid_exception(word: int) -> bool:
    opc, level = word >> 21 & 7, word & 3
    if word >> 2 & 7:
        return False
    return (opc in (0, 5) and level != 0) or (opc in (1, 2, 3) and level == 0)


def _valid_system(word: int) -> bool:
    hint = word & 0xFFFFF01F == 0xD503201F
    barrier = word & 0xFFFFF000 == 0xD5033000
    timed = word & 0xFFFFFF00 == 0xD5031000
    flags = word & 0xFFF8F01F == 0xD500401F
    operation = word & 0xFFD80000 == 0xD5080000
    register = word & 0xFFD00000 in (0xD5100000, 0xD5500000) or word & 0xFFD80000 == 0xD5480000
    return hint or barrier or timed or flags or operation or register


def _valid_register(word: int) -> bool:
    sf, second = word >> 31, word >> 21 & 15
    short = bool(word >> 15 & 1) and not sf  # a shift of 32 or more in a 32-bit operation
    if not word >> 28 & 1:
        if second < 8:  # logical, shifted
            return not short
        if second & 1:  # add and subtract, extended
            return word >> 22 & 3 == 0 and word >> 10 & 7 <= 4
        return not short and word >> 22 & 3 != 3
    if second == 0:
        return True  # add with carry, flags
    if second == 2:
        return bool(word >> 29 & 1) and not word >> 10 & 1 and not word >> 4 & 1
    if second == 4:
        return not word >> 29 & 1 and not word >> 11 & 1
    if second == 6:
        return True
    return second >= 8 and word >> 29 & 3 == 0


def branch(source: int, target: int, link: bool = False) -> int:
    """B (or BL) from one address to another; ValueError beyond 128 MiB."""
    offset = target - source
    if not -_REACH <= offset < _REACH or offset % 4:
        raise ValueError(f"no branch from {source:#x} to {target:#x}")
    return (0x94000000 if link else 0x14000000) | offset >> 2 & 0x3FFFFFF


def retarget(word: int, source: int, target: int) -> int:
    """The direct branch `word` with another target; ValueError where it does not reach."""
    top = word >> 24
    if top & 0x7C == 0x14:
        return branch(source, target, link=is_call(word))
    low, bits = 5, (14 if top & 0x7E == 0x36 else 19)
    offset = target - source >> 2
    if not -(1 << bits - 1) <= offset < 1 << bits - 1:
        raise ValueError(f"no conditional branch from {source:#x} to {target:#x}")
    field = (1 << bits) - 1 << low
    return word & ~field | offset << low & field


def inverse(word: int) -> int | None:
    """The conditional branch that is taken where `word` is not; None for one that is always taken."""
    top = word >> 24
    if top == 0x54:
        return None if word & 15 >= 14 else word ^ 1
    return word ^ 1 << 24 if top & 0x7C == 0x34 else None
