# SPDX-License-Identifier: BSD-2-Clause
"""Programs that the image tests pack, as bytes of their ELF."""

from __future__ import annotations

from pathlib import Path

from tests.support.zig import STATIC_PIE, compile_program

STRIP = ("-s",)

HELLO = r"""
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(int argc, char **argv) {
    printf("hello %d %s\n", argc, argv[0]);
    printf("%ld\n", syscall(SYS_getpid));
    return strlen(argv[0]);
}
"""

KILLERS = r"""
#include <stdint.h>
#include <stdio.h>
#define READ(reg) ({ uint64_t v; asm volatile("mrs %0, " #reg : "=r"(v)); v; })
/* each register the stub uses must come through a counter read unharmed */
static uint64_t around(void) {
    register uint64_t x0 asm("x0") = 10, x8 asm("x8") = 80, x17 asm("x17") = 170, x30 asm("x30") = 300, t;
    asm volatile("mrs %0, cntvct_el0" : "=r"(t), "+r"(x0), "+r"(x8), "+r"(x17), "+r"(x30));
    return t + x0 + x8 + x17 + x30;
}
static uint64_t into_x30(void) {
    uint64_t v;
    asm volatile("mrs x30, cntpct_el0\n mov %0, x30" : "=r"(v) :: "x30");
    return v;
}
int main(void) {
    static int word;
    asm volatile("dc cvau, %0\n dsb ish\n ic ivau, %0\n dc civac, %0\n isb" :: "r"(&word));
    asm volatile("mrs xzr, cntvct_el0");
    printf("%llx %llu %llu %llu\n", (unsigned long long)READ(ctr_el0), (unsigned long long)READ(cntfrq_el0),
           (unsigned long long)around(), (unsigned long long)into_x30());
    return 0;
}
"""

# Data words in the text that look like `svc #0`, next to real ones: a constant that code loads, words that a
# branch steps over, and a table to which a pointer is made.
DATA_IN_TEXT = r"""
#include <stdio.h>
static unsigned load(void) {
    unsigned v;
    asm volatile("ldr %w0, 1f\n b 2f\n 1: .word 0xd4000001\n 2:" : "=r"(v));
    return v;
}
static void step(void) { asm volatile("b 1f\n .word 0xd4000001, 0xd53b0020\n 1:"); }
extern const unsigned table[4];
asm(".text\n .balign 4\n .global table\n table: .word 0xd4000001, " SECOND ", 0xd65f03c0, 0xd53b0020\n");
int main(void) {
    step();
    printf("%x %x %x\n", load(), table[0], table[3]);
    return 0;
}
"""
LOOSE = DATA_IN_TEXT.replace("SECOND", '"0xd4000001"')
# the same, with a table that holds a whole function: only mapping symbols can say that it is data
DISGUISED = (
    DATA_IN_TEXT.replace("table: .word 0xd4000001", "table: .word 0xd2800ba8")
    .replace("SECOND", '"0xd4000001"')
    .replace("table[0]", "table[1]")
)

# System calls in the arms of a switch, which a jump table alone leads to.
SWITCH = r"""
#include <stdio.h>
#define CALL(n) ({ register long x8 asm("x8") = n; register long x0 asm("x0"); \
    asm volatile("svc #0" : "=r"(x0) : "r"(x8) : "memory"); x0; })
__attribute__((noinline)) long call(int which) {
    switch (which) {
        case 0: return CALL(172);
        case 1: return CALL(173) + 1;
        case 2: return CALL(174) * 3;
        case 3: return CALL(175) - 7;
        case 4: return CALL(176) ^ 5;
        case 5: return CALL(177) << 2;
        case 6: return CALL(178) >> 1;
        default: return -1;
    }
}
int main(int argc, char **argv) {
    for (int i = 0; i < 8; i++) printf("%ld ", call(argc - 1 + i));
    puts("");
    return 0;
}
"""

# The same number for every word: nothing but the assembler knows that it is code.
NAKED = r"""
#define WORD ".word 0xd4000001\n"
asm(".text\n .global _start\n _start: mov x8, #93\n mov x0, #5\n svc #0\n bl end\n " MAYBE
    " end: mov x8, #94\n svc #0\n ret\n .ascii \"text\"\n");
"""


def build(source: str, *flags: str) -> bytes:
    """A static-PIE of `source`, unstripped unless STRIP is among the flags."""
    return compile_program(source, flags=(*STATIC_PIE, *flags)).read_bytes()


def path_bare(source: str, *flags: str) -> Path:
    """An ELF without libc."""
    bare = ("-nostdlib", "-O1", "-w", "-fPIC", "-fno-sanitize=all")
    return compile_program(source, flags=(*bare, *flags))


def build_bare(source: str, *flags: str) -> bytes:
    return path_bare(source, *flags).read_bytes()
