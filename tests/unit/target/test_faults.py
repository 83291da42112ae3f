# SPDX-License-Identifier: BSD-2-Clause
"""Abort reports of the secure console, read and told in one line."""

from elfhaven.target.faults import Fault, Symbols, describe, read_report

DATA_ABORT = """\
D/TC:? 0 something before
E/TC:? 0
E/TC:? 0 User mode data-abort at address 0x8 (translation fault)
E/TC:? 0  esr 0x92000005  ttbr0 0x200000e17a020   ttbr1 0x00000000   cidr 0x0
E/TC:? 0  cpu #0          cpsr 0x60000100
E/TC:? 0  x28 0000000000000000 x29 000000004002afc0
E/TC:? 0  x30 0000000040017a44 elr 0000000040017a48
E/TC:? 0  sp_el0 000000004002af90
E/LD:  Status of TA 8aaaf200-2450-11e4-abe2-0002a5d5c51b
E/LD:   arch: aarch64
E/LD:  region  0: va 0x40005000 pa 0x0e31b000 size 0x002000 flags rw-s (ldelf)
E/LD:   [0] 8aaaf200-2450-11e4-abe2-0002a5d5c51b @ 0x40016000
E/LD:  Call stack:
E/LD:   0x0000000040017a48
""".splitlines()

PROGRAM = Symbols("hello", 0x1000, 0x3000, ((0x1800, 0x100, "before"), (0x1A00, 0x80, "crash")))


def test_a_data_abort_names_the_function() -> None:
    fault = read_report(DATA_ABORT)
    assert fault == Fault(
        "data", 8, "translation fault", 0x40017A48, 0x40016000, "8aaaf200-2450-11e4-abe2-0002a5d5c51b"
    )
    assert fault.offset == 0x1A48
    line = describe(fault, [Symbols("runtime", 0, 0x1000), PROGRAM])
    assert line == "a null pointer used (address 0x8, translation fault) at crash+0x48 of hello"


def test_without_a_symbol_the_offset_in_the_program_is_told() -> None:
    fault = read_report(DATA_ABORT)
    assert fault
    assert describe(fault, [Symbols("hello", 0x1000, 0x3000)]).endswith(" at 0xa48 of hello")
    assert describe(fault).endswith(" at 0x1a48 of the image")
    assert "0x40017a48" in describe(Fault("data", 0x5000, pc=0x40017A48))


def test_other_kinds() -> None:
    jump = read_report(["E/TC:? 0 User mode prefetch-abort at address 0x123000 (permission fault)"])
    assert jump
    assert describe(jump) == "a jump to 0x123000, where there is no code, permission fault"
    undefined = read_report(["E/TC:? 0 User mode undef-abort at address 0x40016100"])
    assert undefined
    assert "instruction" in describe(undefined)
    panic = read_report(["E/TC:? 0 TA panicked with code 0xffff0006 (no message)"])
    assert panic
    assert describe(panic) == "the program's runtime gave up (panic 0xffff0006)"


def test_the_last_of_several_reports_counts() -> None:
    fault = read_report(
        [*DATA_ABORT, "E/TC:? 0 User mode data-abort at address 0xdead000 (translation fault)"]
    )
    assert fault
    assert (fault.address, fault.pc) == (0xDEAD000, None)


def test_a_quiet_console_tells_of_nothing() -> None:
    assert read_report(["I/TC: hello", "elr 0000000000000001", "[0] x @ 0x1"]) is None


def test_a_panic_stands_against_the_stale_abort_behind_it() -> None:
    lines = [
        "E/TC:? 0 TA panicked with code 0xffff000c",
        "E/TC:? 0 User mode data-abort at address 0x10 (translation fault)",
        "E/TC:? 0  elr 0x40005000",
    ]
    fault = read_report(lines)
    assert fault is not None
    assert (fault.kind, fault.address, fault.pc) == ("panic", 0xFFFF000C, None)
