# SPDX-License-Identifier: BSD-2-Clause
"""What kills a TA on stock OP-TEE kills it here, and what does not, does not."""

from __future__ import annotations

import threading
import time

import pytest

from .client import AREA, Client
from .probe import CODE, DEADLY, HARMLESS, PRIVATE, SHARED, Probe

DEAD = (0xFFFF3024, 3)


@pytest.mark.parametrize("name", DEADLY)
def test_instruction_kills(client: Client, name: str) -> None:
    client.invoke(Probe.TRAP, value=(DEADLY.index(name), 0))
    assert (client.last.result, client.last.origin) == DEAD
    assert any("User mode undef-abort at address 0x4" in line for line in client.world.core.console)


@pytest.mark.parametrize("name", HARMLESS)
def test_instruction_runs(client: Client, name: str) -> None:
    assert client.invoke(Probe.TRAP, value=(len(DEADLY) + HARMLESS.index(name), 0)) == 0


@pytest.mark.parametrize(
    "command,address,words",
    [
        (Probe.LOAD, 0, "User mode data-abort at address 0x0 (translation fault)"),
        (Probe.LOAD, 1 << 60, "User mode data-abort at address 0x1000000000000000 (translation fault)"),
        (Probe.LOAD, 0xFFFF_FFFF_0000_0000, "data-abort at address 0xffffffff00000000 (translation fault)"),
        (Probe.JUMP, 1 << 61, "User mode prefetch-abort at address 0x2000000000000000 (translation fault)"),
        (Probe.JUMP, 1 << 62, "User mode prefetch-abort at address 0x4000000000000000 (translation fault)"),
        (Probe.JUMP, PRIVATE | 64, "prefetch-abort at address 0x4"),
        (Probe.OVERRUN, 0, "(write permission fault)"),  # the page of headers lies below the stack
    ],
)
def test_access_kills(client: Client, command: Probe, address: int, words: str) -> None:
    client.invoke(command, address)
    assert (client.last.result, client.last.origin) == DEAD
    assert any(words in line for line in client.world.core.console), client.world.core.console


def test_code_and_head_are_not_writable(client: Client) -> None:
    client.invoke(Probe.STORE, CODE)
    assert (client.last.result, client.last.origin) == DEAD
    assert any("(write permission fault)" in line for line in client.world.core.console)


def test_shared_memory_is_not_executable(client: Client) -> None:
    client.share(bytes.fromhex("c0035fd6"))  # ret
    client.invoke(Probe.JUMP, SHARED | AREA)
    assert (client.last.result, client.last.origin) == DEAD
    assert any("prefetch-abort" in line for line in client.world.core.console)


def test_interrupt_ends_a_loop(client: Client) -> None:
    timer = threading.Timer(0.05, client.world.core.interrupt)
    timer.start()
    begin = time.monotonic()
    client.invoke(Probe.SPIN)
    timer.join()
    assert time.monotonic() - begin < 5
    assert (client.last.result, client.last.origin) == DEAD
    assert "E/TC:? 0 TA stopped from outside" in client.world.core.console


def test_interrupt_of_an_idle_core_harms_nobody(client: Client) -> None:
    client.world.core.interrupt()
    assert client.invoke(Probe.ECHO) == 0


def test_registers_do_not_leak_from_entry_to_entry(client: Client) -> None:
    client.invoke(Probe.VECTOR)
    client.invoke(Probe.VECTOR)
    assert (client.word(0), client.word(1)) == (0, 0)


def test_thread_pointer_belongs_to_the_thread(client: Client) -> None:
    """It survives a return, and a TA on the same thread can read it, as on OP-TEE."""
    client.invoke(Probe.THREAD_POINTER, 0x1234)
    other = Client(client.world, client.uuid)
    other.invoke(Probe.THREAD_POINTER, 0)
    assert other.word() == 0x1234
    other.close()


def test_the_normal_world_can_write_while_the_ta_reads(client: Client) -> None:
    timer = threading.Timer(0.05, lambda: client.share((41).to_bytes(8, "little"), 0))
    timer.start()
    assert client.invoke(Probe.WATCH, 0, 0) == 0
    timer.join()
    assert client.word(1) == 42
