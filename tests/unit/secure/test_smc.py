# SPDX-License-Identifier: BSD-2-Clause
"""The SMC interface: what the Linux driver asks at probe, threads, bad messages."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from elfhaven.abi import optee_msg as msg
from elfhaven.abi import smc as abi
from elfhaven.world import message
from elfhaven.world.message import Message, Param

from .client import Client
from .normal_world import NormalWorld
from .probe import Probe


def test_identity(world: NormalWorld) -> None:
    assert world.smc(abi.CALLS_UID) == (0x384FB3E0, 0xE7F811E3, 0xAF630002, 0xA5D5C51B)
    assert world.smc(abi.GET_OS_UUID) == (0x486178E0, 0xE7F811E3, 0xBC5E0002, 0xA5D5C51B)
    assert world.smc(abi.CALLS_REVISION)[:2] == (2, 0)
    assert world.smc(abi.GET_OS_REVISION)[:2] == (4, 5)


def test_capabilities(world: NormalWorld) -> None:
    code, capabilities, _, rpc_params = world.smc(abi.EXCHANGE_CAPABILITIES, 0)
    assert code == 0
    assert rpc_params == 4
    wanted = abi.SEC_CAP_DYNAMIC_SHM | abi.SEC_CAP_UNREGISTERED_SHM | abi.SEC_CAP_MEMREF_NULL
    assert capabilities == wanted | abi.SEC_CAP_RPC_ARG
    assert world.smc(abi.EXCHANGE_CAPABILITIES, 2)[0] == abi.RETURN_ENOTAVAIL
    assert world.smc(abi.GET_SHM_CONFIG)[0] == abi.RETURN_ENOTAVAIL
    assert world.smc(abi.GET_THREAD_COUNT) == (0, 2, 0, 0)


@pytest.mark.parametrize("function", [0, 0x32000099, 0xB2000063, 0xFFFFFFFF])
def test_unknown_functions(world: NormalWorld, function: int) -> None:
    assert world.smc(function)[0] == abi.RETURN_UNKNOWN_FUNCTION


@pytest.mark.parametrize("address", [0, 4, 0x0E100000, 0x40000004, 0x43FFFFF8, 1 << 63])
def test_bad_address_of_a_message(world: NormalWorld, address: int) -> None:
    assert world.smc(abi.CALL_WITH_ARG, *abi.split(address))[0] == abi.RETURN_EBADADDR
    assert world.smc(abi.CALL_WITH_RPC_ARG, *abi.split(address))[0] == abi.RETURN_EBADADDR


def test_message_with_too_many_parameters(world: NormalWorld) -> None:
    pages = world.normal.allocate(8192)
    pages.view[:32] = msg.HEADER.pack(0, 0, 0, 0, 0, 0, 0, msg.MAX_PARAMS + 1)
    assert world.smc(abi.CALL_WITH_ARG, *abi.split(pages.physical_address))[0] == abi.RETURN_EBADADDR


def test_unknown_command(world: NormalWorld) -> None:
    pages = world.normal.allocate(4096)
    raw = message.build(Message(99))
    pages.view[: len(raw)] = raw
    assert world.smc(abi.CALL_WITH_ARG, *abi.split(pages.physical_address))[0] == abi.RETURN_EBADCMD


@pytest.mark.parametrize("thread", [0, 1, 2, -1, 1 << 40])
def test_resuming_what_is_not_suspended(world: NormalWorld, thread: int) -> None:
    assert world.smc(abi.RETURN_FROM_RPC, 0, 0, thread)[0] == abi.RETURN_ERESUME


def suspended(world: NormalWorld, uuid: UUID) -> tuple[int, int, int, int]:
    """A call that waits for its first RPC."""
    low, high = (int.from_bytes(uuid.bytes[i : i + 8], "little") for i in (0, 8))
    meta = [Param(msg.ATTR_META | 1, low, high), Param(msg.ATTR_META | 1)]
    raw = message.build(Message(msg.CMD_OPEN_SESSION, params=meta))
    pages = world.normal.allocate(4096)
    pages.view[: len(raw)] = raw
    answer = world.smc(abi.CALL_WITH_ARG, *abi.split(pages.physical_address))
    assert abi.is_rpc(answer[0])
    return answer


def test_two_threads_and_no_third(world: NormalWorld, install: Callable[..., UUID]) -> None:
    first, second = suspended(world, install()), suspended(world, install())
    assert {first[3], second[3]} == {0, 1}
    pages = world.normal.allocate(4096)
    raw = message.build(Message(msg.CMD_CANCEL))
    pages.view[: len(raw)] = raw
    assert world.smc(abi.CALL_WITH_ARG, *abi.split(pages.physical_address))[0] == abi.RETURN_ETHREAD_LIMIT
    assert world.core.leaks()["threads"] == 2
    answers = [second, first]
    while any(abi.is_rpc(answer[0]) for answer in answers):  # in turns: one may wait for the other
        answers = [world.resume(answer) if abi.is_rpc(answer[0]) else answer for answer in answers]
    assert [answer[0] for answer in answers] == [abi.RETURN_OK] * 2
    assert world.core.leaks()["threads"] == 0
    assert world.core.leaks()["sessions"] == 2


def test_close_ends_a_suspended_call(world: NormalWorld, install: Callable[..., UUID]) -> None:
    suspended(world, install())
    world.core.close()
    assert world.core.leaks()["threads"] == 0


def test_rpc_message_behind_the_message(world: NormalWorld, install: Callable[..., UUID]) -> None:
    """CALL_WITH_RPC_ARG: no RPC_ALLOC is needed; the RPC message lies behind the call's own."""
    uuid = install()
    low, high = (int.from_bytes(uuid.bytes[i : i + 8], "little") for i in (0, 8))
    meta = [Param(msg.ATTR_META | 1, low, high), Param(msg.ATTR_META | 1)]
    raw = message.build(Message(msg.CMD_OPEN_SESSION, params=meta))
    pages = world.normal.allocate(4096)
    pages.view[: len(raw)] = raw
    answer = world.smc(abi.CALL_WITH_RPC_ARG, *abi.split(pages.physical_address))
    world.pages[0] = type(pages)(pages.physical_address + len(raw), 4096 - len(raw), pages.view[len(raw) :])
    while abi.is_rpc(answer[0]):
        assert answer[0] == abi.RPC_CMD
        answer = world.resume(answer)
    assert answer[0] == abi.RETURN_OK
    assert message.parse(bytes(pages.view)).result == 0


def test_shm_cache_keeps_and_gives_back_rpc_buffers(world: NormalWorld, install: Callable[..., UUID]) -> None:
    assert world.smc(abi.ENABLE_SHM_CACHE)[0] == 0
    Client(world, install()).close()
    assert len(world.pages) == 1
    code, high, low, _ = world.smc(abi.DISABLE_SHM_CACHE)
    assert code == 0
    world.normal.free(world.pages.pop(abi.pair(high, low)))
    assert world.smc(abi.DISABLE_SHM_CACHE)[0] == abi.RETURN_ENOTAVAIL


def test_registered_memory_as_parameter(client: Client) -> None:
    world = client.world
    buffer = world.normal.allocate(3 * 4096)
    addresses = [buffer.physical_address + offset for offset in (8192, 0, 4096)]  # any order
    lists = world.normal.allocate(4096)
    lists.view[:] = message.page_lists(addresses, lists.physical_address)
    attr = msg.ATTR_TMEM_OUTPUT | msg.ATTR_NONCONTIG
    register = Param(attr, lists.physical_address | 0x10, 2 * 4096, 77)
    assert world.call(Message(msg.CMD_REGISTER_SHM, params=[register])).result == 0
    # the second page of the buffer, 16 bytes in: the first page in memory
    buffer.view[16:24] = (1234).to_bytes(8, "little")
    done = world.invoke(client.session, Probe.WATCH, Param(3), Param(msg.ATTR_RMEM_INOUT, 4096, 64, 77))
    assert done.result == 0
    assert int.from_bytes(buffer.view[24:32], "little") == 1235
    assert done.params[1].b == 64
    gone = Message(msg.CMD_UNREGISTER_SHM, params=[Param(msg.ATTR_RMEM_INPUT, 0, 0, 77)])
    assert world.call(gone).result == 0
    assert world.call(gone).result == 0xFFFF0006


@pytest.mark.parametrize(
    "param",
    [
        Param(msg.ATTR_RMEM_INOUT, 0, 16, 12345),  # no such cookie
        Param(msg.ATTR_TMEM_INOUT, 0x0E300000, 4096, 0),  # secure memory
        Param(msg.ATTR_TMEM_INOUT, 0x43FFF000, 8192, 0),  # past the end
        Param(msg.ATTR_TMEM_INOUT, (1 << 64) - 4096, 8192, 0),
        Param(msg.ATTR_TMEM_INOUT | msg.ATTR_NONCONTIG, 0x0E300000, 4096, 0),  # a list in secure memory
        Param(msg.ATTR_META | 1),
        Param(200),
    ],
)
def test_bad_parameters_are_refused(client: Client, param: Param) -> None:
    done = client.world.invoke(client.session, Probe.ECHO, param)
    assert done.result in (0xFFFF0006, 0xFFFF000A)
    assert done.origin == 3
    assert client.invoke(Probe.ECHO) == 0


def test_huge_reference_costs_nothing(client: Client) -> None:
    done = client.world.invoke(client.session, Probe.ECHO, Param(msg.ATTR_TMEM_INOUT, 0x40000000, 1 << 60, 0))
    assert (done.result, done.origin) == (0xFFFF000C, 3)


def test_null_references_reach_the_ta(client: Client) -> None:
    done = client.world.invoke(
        client.session, Probe.ECHO, Param(3, 1, 2), Param(msg.ATTR_TMEM_INOUT, 0, 0, 0)
    )
    assert done.result == 0


def test_unknown_session(world: NormalWorld) -> None:
    assert (world.invoke(5, 0).result, world.invoke(5, 0).origin) == (0xFFFF0006, 3)
    assert world.close_session(5).result == 0xFFFF0008
    assert world.call(Message(msg.CMD_CANCEL, session=5)).result == 0xFFFF0006


def test_open_without_meta_parameters(world: NormalWorld) -> None:
    assert world.call(Message(msg.CMD_OPEN_SESSION)).result == 0xFFFF0006
    assert world.open(uuid4(), *[Param(1)] * 5).result == 0xFFFF0006
