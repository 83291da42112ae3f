# SPDX-License-Identifier: BSD-2-Clause
"""Checks of a stoppable program: every loop has one, a program with them does the same, data stays data."""

from __future__ import annotations

import pytest
from tests.support import zig
from tests.unit.image import programs, standin
from tests.unit.image.ldelf import check_ldelf

from elfhaven.abi.container import ConfigFlag
from elfhaven.errors import ImageError
from elfhaven.image import a64, scan
from elfhaven.image.dynamic import Dynamic
from elfhaven.image.layout import ContainerConfig, lay_out
from elfhaven.image.reader import Elf

STOPPABLE = ConfigFlag.STOPPABLE
BOTH = pytest.mark.parametrize("flags", [(), programs.STRIP], ids=["unstripped", "stripped"])


def _checked(source: str, *flags: str) -> bytes:
    return standin.pack(programs.build(source, *flags), flags=STOPPABLE)


@BOTH
@pytest.mark.parametrize("asked", [0, 2])
@pytest.mark.parametrize("name", ["HELLO", "KILLERS", "SWITCH", "LOOSE"])
def test_a_program_with_checks_does_the_same(name: str, asked: int, flags: tuple[str, ...]) -> None:
    source = getattr(programs, name)
    plain = standin.run(standin.pack(programs.build(source, *flags)))
    checked = standin.run(_checked(source, *flags), asked=asked)
    assert (checked.out, checked.status) == (plain.out, plain.status)
    assert (checked.polls > 0) == bool(asked)


# Registers and flags that only this program knows, through every form of back-edge.
SURVIVES = r"""
#include <stdio.h>
static unsigned long once(unsigned long mask) {
    unsigned long seen = 0, n = 3;
    asm volatile(
        "mov x16, #0x1616\n mov x17, #0x1717\n mov x30, #0x3030\n mov x18, #0x1818\n mov x29, x29\n"
        "1: adds xzr, xzr, xzr\n subs %1, %1, #1\n b.ne 1b\n"
        "cset x9, eq\n cset x10, cs\n"
        "mov %1, #3\n 2: sub %1, %1, #1\n cbnz %1, 2b\n"
        "mov %1, #1\n 3: lsl %1, %1, #1\n tbz %1, #7, 3b\n"
        "b 5f\n 4: b 6f\n 5: b 4b\n 6:\n"
        "adr x11, 7f\n br x11\n nop\n 7:\n"
        "cmp x16, #0x616\n"
        "sub x12, x16, #0x600\n sub x12, x12, x17\n add x12, x12, x30\n sub x12, x12, x18\n"
        "add %0, x12, x9\n add %0, %0, x10\n"
        : "+r"(seen), "+r"(n) : : "x9", "x10", "x11", "x12", "x16", "x17", "x18", "x30", "cc", "memory");
    return seen + mask;
}
__attribute__((noinline)) static unsigned fib(unsigned n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
typedef unsigned (*function)(unsigned);
int main(void) {
    volatile function pointer = fib;
    printf("%lx %u %u\n", once(0), fib(9), pointer(7));
    return 0;
}
"""


@BOTH
def test_every_register_and_flag_survives(flags: tuple[str, ...]) -> None:
    plain = standin.run(standin.pack(programs.build(SURVIVES, *flags)))
    checked = standin.run(_checked(SURVIVES, *flags), asked=15)
    assert checked.out == plain.out
    assert checked.polls > 100


ENDLESS = {
    "b": 'asm volatile("1: b 1b");',
    "b.cond": 'asm volatile("cmp xzr, xzr\\n 1: b.eq 1b" ::: "cc");',
    "b.al": 'asm volatile("1: b.al 1b");',
    "cbz": 'asm volatile("1: cbz xzr, 1b");',
    "cbnz": 'asm volatile("mov x9, #1\\n 1: cbnz x9, 1b" ::: "x9");',
    "tbz": 'asm volatile("1: tbz xzr, #63, 1b");',
    "tbnz": 'asm volatile("mov x9, #1\\n 1: tbnz x9, #0, 1b" ::: "x9");',
    "br": 'asm volatile("adr x9, 1f\\n 1: br x9" ::: "x9");',
    "blr": 'asm volatile("adr x9, 1f\\n 1: blr x9" ::: "x9", "x30");',
    "bl": 'asm volatile("1: bl 1b" ::: "x30");',
    "a loop in a loop": "for (volatile int i = 0;; i++) for (volatile int k = 0; k < 9; k++);",
    "calls of pointers": "calls();",
    "longjmp": "jumps();",
}
ABOUT = r"""
#include <setjmp.h>
static volatile int never;
typedef void (*function)(int);
static void ping(int n); static void pong(int n);
static volatile function to_ping = ping, to_pong = pong;
static void ping(int n) { if (n) to_pong(n - 1); }
static void pong(int n) { if (n) to_ping(n - 1); }
__attribute__((unused)) static void calls(void) { while (!never) ping(4); }
__attribute__((unused)) static void jumps(void) { static jmp_buf at; setjmp(at); longjmp(at, 1); }
int main(void) { %s return 0; }
"""


@BOTH
@pytest.mark.parametrize("name", ENDLESS)
def test_an_endless_program_comes_to_a_check(name: str, flags: tuple[str, ...]) -> None:
    ta = _checked(ABOUT.replace("%s", ENDLESS[name]), *flags)
    assert standin.run(ta, asked=2, most_polls=1000).polls == 1000


def test_words_of_data_stay_as_they_are() -> None:
    """A constant that code loads and a table in the text, whose words are backward branches."""
    source = r"""
    #include <stdio.h>
    static unsigned load(void) {
        unsigned v;
        asm volatile("ldr %w0, 1f\n b 2f\n 1: .word 0x54ffffe1\n 2:" : "=r"(v));
        return v;
    }
    extern const unsigned table[4];
    asm(".text\n .balign 4\n .global table\n table: .word 0x428a2f98, 0xb5ffffcf, 0x17ffffff, 0xd61f0000\n");
    int main(void) { printf("%x %x %x %x\n", load(), table[1], table[2], table[3]); return 0; }
    """
    assert standin.run(_checked(source), asked=2).out == b"54ffffe1 b5ffffcf 17ffffff d61f0000\n"
    with pytest.raises(ImageError, match="cannot be made stoppable: the word 0xb5ffffcf"):
        _checked(source, *programs.STRIP)
    stripped = Elf.parse(programs.build(source, *programs.STRIP), "stripped")
    found = scan.sites(stripped, stoppable=True, lenient=True)  # as in a library: left, and told of
    words = [stripped.bytes_at(address, 4) for address in found.unchecked]
    assert [int.from_bytes(word or b"", "little") for word in words] == [0xB5FFFFCF, 0x17FFFFFF, 0xD61F0000]
    assert not {site.address for site in found.checks} & set(found.unchecked)


def test_the_entries_of_a_plt_are_code() -> None:
    """In a stripped library in which nothing that is known to be code leads to them."""
    source = r"""
    asm(".text\n .balign 4\n .word 0xffffffff\n b getpid\n b getppid\n .word 0xffffffff\n");
    """
    flags = ("-shared", "-fPIC", "-Wl,-z,lazy", "-Wl,-s")
    elf = Elf.parse(zig.compile_program(source, flags=flags).read_bytes(), "library")
    slots = Dynamic(elf).slots
    assert len(slots) == 2
    branches = [site for site in scan.sites(elf, stoppable=True, lenient=True).checks if site.target is None]
    assert len(branches) == 3, "the head and two entries"


def test_a_call_through_x30_is_refused() -> None:
    source = 'int main(void) { asm volatile("adr x30, 1f\\n blr x30\\n 1:" ::: "x30"); return 0; }'
    with pytest.raises(ImageError, match="blr x30") as error:
        _checked(source)
    assert "leave `stoppable` out" in str(error.value.fix)


def test_conditions_out_of_reach_get_a_veneer() -> None:
    """2 MiB of text between the stubs and the loop."""
    far = 'asm(".text\\n .skip 0x200000\\n");\n' + programs.HELLO
    elf = Elf.parse(programs.build(far), "far")
    made = lay_out(standin.runtime(), elf, ContainerConfig(standin.UUID_1, STOPPABLE), b"")
    done = standin.run(made.elf, asked=1)
    assert done.polls > 0
    assert done.out.startswith(b"hello 1 prog\n")


def test_the_count_is_in_the_configuration_and_the_loader_takes_it() -> None:
    program = Elf.parse(programs.build(programs.HELLO), "prog")
    made = lay_out(standin.runtime(), program, ContainerConfig(standin.UUID_1, STOPPABLE), b"")
    check_ldelf(made.elf)
    checks = made.images[0].sites.checks
    assert len(checks) > 100
    assert len({site.address for site in checks}) == len(checks)
    assert scan.sites(program).checks == ()


@pytest.mark.parametrize(
    "word, other", [(0x54000001, 0x54000000), (0x34000001, 0x35000001), (0x37000001, 0x36000001)]
)
def test_inverse(word: int, other: int) -> None:
    assert a64.inverse(word) == other
    assert a64.inverse(other) == word


@pytest.mark.parametrize("word", [0x5400000E, 0x14000000, 0x94000000, 0xD61F0000])
def test_no_inverse(word: int) -> None:
    assert a64.inverse(word) is None


REACHES = ((0x54000001, 1 << 20), (0xB4000003, 1 << 20), (0x36000002, 1 << 15), (0x14000000, 1 << 27))


@pytest.mark.parametrize("word, reach", REACHES)
def test_retarget(word: int, reach: int) -> None:
    for target in (0, 4, 4 - reach, reach - 4):
        moved = a64.retarget(word, 1 << 30, (1 << 30) + target)
        assert a64.branch_target(moved, 1 << 30) == (1 << 30) + target
    for target in (reach, -reach - 4):
        with pytest.raises(ValueError, match="no"):
            a64.retarget(word, 1 << 30, (1 << 30) + target)
