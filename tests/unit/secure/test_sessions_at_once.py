# SPDX-License-Identifier: BSD-2-Clause
"""Several threads of the host at once, and what interrupts them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from uuid import UUID

from elfhaven.abi import optee_msg as msg
from elfhaven.abi.gp import TA_FLAG_MULTI_SESSION, TA_FLAG_SINGLE_INSTANCE
from elfhaven.world.message import Message, Param

from .client import Client
from .normal_world import NormalWorld
from .probe import Probe

Install = Callable[..., UUID]
SINGLE, MULTI = TA_FLAG_SINGLE_INSTANCE, TA_FLAG_SINGLE_INSTANCE | TA_FLAG_MULTI_SESSION


def counters(client: Client) -> tuple[int, int]:
    assert client.invoke(Probe.COUNTERS) == 0
    return client.word(0), client.word(1)


def test_two_host_threads_at_once(world: NormalWorld, install: Install) -> None:
    """Two sessions run side by side, and a stuck one does not stop the other."""
    stuck, other = Client(world, install()), Client(world, install())
    runner = threading.Thread(target=stuck.invoke, args=(Probe.WATCH, 0, 0))
    runner.start()
    for _ in range(20):
        assert other.invoke(Probe.ECHO) == 0
    stuck.share((1).to_bytes(8, "little"), 0)
    runner.join(10)
    assert not runner.is_alive()
    assert stuck.last.result == 0


def test_second_call_on_a_session_waits(world: NormalWorld, install: Install) -> None:
    client = Client(world, install())
    runner = threading.Thread(target=client.invoke, args=(Probe.WATCH, 0, 0))
    runner.start()
    while not world.core.leaks()["threads"]:
        pass
    done: list[int] = []
    second = threading.Thread(
        target=lambda: done.append(world.invoke(client.session, Probe.ECHO, Param(3, 1, 1)).result)
    )
    second.start()
    second.join(0.1)
    assert second.is_alive()
    client.share((1).to_bytes(8, "little"), 0)
    runner.join(10)
    second.join(10)
    assert done == [0]


def test_a_client_without_pause_starves_nobody(world: NormalWorld, install: Install) -> None:
    """Turns are taken in the order of asking, on a session and on a shared instance."""
    uuid = install(flags=MULTI)
    one, other = Client(world, uuid), Client(world, uuid)
    done = threading.Event()

    def hammer(session: int) -> None:
        while not done.is_set():
            assert world.invoke(session, Probe.ECHO, Param(3, 1, 1)).result == 0

    for session in (one.session, other.session):
        runner = threading.Thread(target=hammer, args=(session,))
        runner.start()
        for _ in range(30):
            assert world.invoke(one.session, Probe.ECHO, Param(3, 1, 1)).result == 0
        done.set()
        runner.join(10)
        assert not runner.is_alive()
        done.clear()


def test_interrupt_ends_a_wait(client: Client) -> None:
    world, plain = client.world, client.world.answers[msg.RPC_CMD_SUSPEND]

    def suspend(asked: Message) -> None:
        plain(asked)
        world.core.interrupt()

    world.answers[msg.RPC_CMD_SUSPEND] = suspend
    client.invoke(Probe.SVC, 12, 0xFFFFFFFF)
    assert (client.last.result, client.last.origin) == (0xFFFF3024, 3)
    assert len(world.suspended) == 1


def test_close_stops_what_runs(world: NormalWorld, install: Install) -> None:
    client = Client(world, install())
    runner = threading.Thread(target=client.invoke, args=(Probe.SPIN,))
    runner.start()
    while not world.core.leaks()["threads"]:
        pass
    world.close()
    runner.join(10)
    assert not runner.is_alive()
    assert not any(world.core.leaks().values())
