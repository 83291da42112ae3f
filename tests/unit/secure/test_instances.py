# SPDX-License-Identifier: BSD-2-Clause
"""Instances: one thread at a time in those that are single, and what becomes of them when they die."""

from __future__ import annotations

import threading
from collections.abc import Callable
from uuid import UUID

from elfhaven.abi.gp import TA_FLAG_MULTI_SESSION, TA_FLAG_SINGLE_INSTANCE

from .client import Client
from .normal_world import NormalWorld
from .probe import Probe
from .test_ta_to_ta import call_ta, open_ta

Install = Callable[..., UUID]


def test_a_dead_instance_is_started_again(world: NormalWorld, install: Install) -> None:
    """Whatever its flags: on OP-TEE 4.5 that of the TA that wants to stay dead has no effect."""
    for flags in (1 << 2 | 1 << 4 | 1 << 13, 1 << 2 | 1 << 13, 1 << 2 | 1 << 4):
        uuid = install(flags=flags)
        first = Client(world, uuid)
        first.invoke(Probe.SVC, 2, 7)
        assert first.last.result == 0xFFFF3024
        assert world.open(uuid).result == 0


def test_one_single_instance_ta_runs_at_a_time(world: NormalWorld, install: Install) -> None:
    """As on OP-TEE, whichever they are; an ordinary TA runs beside one."""
    flags = TA_FLAG_SINGLE_INSTANCE | TA_FLAG_MULTI_SESSION
    first, second, plain = (Client(world, install(flags=f)) for f in (flags, flags, 0))
    runner = threading.Thread(target=first.invoke, args=(Probe.WATCH, 0, 0))
    runner.start()
    while not world.core.leaks()["threads"]:
        pass
    assert plain.invoke(Probe.ECHO) == 0
    other = threading.Thread(target=second.invoke, args=(Probe.ECHO,))
    other.start()
    other.join(0.1)
    assert other.is_alive()
    first.share((1).to_bytes(8, "little"), 0)
    for thread in (runner, other):
        thread.join(10)
        assert not thread.is_alive()
    assert (first.last.result, second.last.result) == (0, 0)


def test_a_single_instance_ta_calls_another(world: NormalWorld, install: Install) -> None:
    flags = TA_FLAG_SINGLE_INSTANCE | TA_FLAG_MULTI_SESSION
    client = Client(world, install(flags=flags))
    session = open_ta(client, install(flags=flags))
    assert call_ta(client, session, Probe.ECHO, 0x3, 1, 1) == 0
    assert client.svc(6, session) == 0
