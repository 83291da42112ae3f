# SPDX-License-Identifier: BSD-2-Clause
"""Requests that a signal takes back: nothing is lost, nothing remains, a late answer to one is nobody's."""

from __future__ import annotations

from functools import partial

import pytest
from tests.hostile import liar
from tests.hostile.inside import Device

from elfhaven.abi.container import SLOT, SLOT_COUNT, SLOTS_OFFSET, SlotState
from elfhaven.errors import ProgramFault
from elfhaven.normal.agent import Agent
from elfhaven.normal.control import ControlBlock
from elfhaven.normal.policy import RootPolicy

HEAD = r"""
#include <pthread.h>
#include <sys/socket.h>
#include <sys/time.h>
static void on(int n) {}
static void alarm_in(long micros, int flags) {
    struct sigaction a = {.sa_handler = on, .sa_flags = flags};
    struct itimerval v = {{0, 0}, {0, micros}};
    sigaction(SIGALRM, &a, 0);
    setitimer(ITIMER_REAL, &v, 0);
}
"""
WAITS = (
    HEAD
    + r"""
int main(void) {
    int s[2];
    struct pollfd f;
    socketpair(AF_UNIX, SOCK_STREAM, 0, s);
    for (int i = 0; i < 3; i++) {
        guard();
        alarm_in(4000, 0);
        say("recv %ld %d", CALL(SYS_read, s[0], room.data, 16L), intact(0));
        alarm_in(4000, 0);
        f = (struct pollfd){s[0], POLLIN, 0x55};
        say("poll %ld %x", CALL(SYS_ppoll, &f, 1, 0, 0, 8L), f.revents);
    }
    write(s[1], "abcd", 4);
    guard();
    say("recv %ld %d %.4s", CALL(SYS_read, s[0], room.data, 16L), intact(4), room.data);
    write(s[1], "efgh", 4);
    say("recv %ld %.4s", CALL(SYS_read, s[0], room.data, 16L), room.data);
    return 0;
}
"""
)
WAITED = ["recv -4 1", "poll -4 0"] * 3 + ["recv 4 1 abcd", "recv 4 efgh"]
RESTARTS = (
    HEAD
    + r"""
static int s[2];
static void *writes(void *p) {
    sigset_t mine;
    sigfillset(&mine);
    pthread_sigmask(SIG_BLOCK, &mine, 0);
    usleep(30000);
    write(s[1], "abcd", 4);
    return p;
}
int main(void) {
    pthread_t t;
    socketpair(AF_UNIX, SOCK_STREAM, 0, s);
    pthread_create(&t, 0, writes, 0);
    struct itimerval v = {{0, 3000}, {0, 3000}};
    alarm_in(3000, SA_RESTART);
    setitimer(ITIMER_REAL, &v, 0);
    guard();
    long n = CALL(SYS_read, s[0], room.data, 16L);
    memset(&v, 0, sizeof v);
    setitimer(ITIMER_REAL, &v, 0);
    say("recv %ld %d %.4s", n, intact(4), room.data);
    pthread_join(t, 0);
    return 0;
}
"""
)
MANIFEST = 'debug = true\n[net]\nconnect = ["unix:in/"]\n'


def places() -> range:
    return range(SLOTS_OFFSET, SLOTS_OFFSET + SLOT_COUNT * SLOT.size, SLOT.size)


def late(block: ControlBlock, window: memoryview | None, crossing: int) -> None:
    """Every slot that waits for no answer gets one, and bytes to go with it."""
    for at in places():
        fields = list(SLOT.struct.unpack_from(block.view, at))
        if fields[0] and fields[1] == SlotState.FREE:
            fields[1], fields[10], fields[11] = SlotState.ANSWERED, 16, 1 << 40
            SLOT.struct.pack_into(block.view, at, *fields)
            block.view[fields[14] : fields[14] + 16] = b"\xee" * 16


def saboteur(sabotage: liar.Sabotage, policy: RootPolicy, streams: tuple[int, int, int]) -> liar.Saboteur:
    return liar.Saboteur(policy, sabotage, streams)


class Forgetful(Agent):
    """Counts what it keeps of requests."""

    def __init__(self, policy: RootPolicy, streams: tuple[int, int, int]) -> None:
        super().__init__(policy, streams=streams)
        self.most = 0

    def serve(
        self, block: ControlBlock, window: memoryview | None, pending: int, patience: int | None = None
    ) -> int:
        answered = super().serve(block, window, pending, patience)
        self.most = max(self.most, len(self._waits), len(self._deadlines))
        return answered


def test_what_a_signal_takes_back_leaves_nothing(device: Device) -> None:
    outcome = device.run(WAITS, Forgetful, text=MANIFEST)
    assert (outcome.error, outcome.status, outcome.lines) == (None, 0, WAITED)
    assert outcome.violated == ()
    assert outcome.agent.most == 1  # never more than the one that waits


def test_what_is_made_again_loses_nothing(device: Device) -> None:
    outcome = device.run(RESTARTS, Forgetful, text=MANIFEST)
    assert (outcome.error, outcome.lines) == (None, ["recv 4 1 abcd"])
    assert outcome.agent.most <= 1


@pytest.mark.parametrize("source", [WAITS, RESTARTS])
def test_a_late_answer_is_nobodys(device: Device, source: str) -> None:
    """The slot is free, or another request has it, which writes its own state over it."""
    outcome = device.run(source, partial(saboteur, late), text=MANIFEST)
    assert outcome.error is None
    assert outcome.lines == (WAITED if source is WAITS else ["recv 4 1 abcd"])
    assert outcome.violated == ()


def test_a_slot_that_is_called_free_is_no_answer(device: Device) -> None:
    """The state of a request that waits is rewritten: the protocol is broken, and the program ends."""

    def free(block: ControlBlock, window: memoryview | None, crossing: int) -> None:
        for at in places():
            if SLOT.struct.unpack_from(block.view, at)[1] == SlotState.REQUESTED:
                liar.set_word(block, at, "state", SlotState.FREE)

    outcome = device.run(WAITS, partial(saboteur, free), text=MANIFEST)
    assert isinstance(outcome.error, ProgramFault)
    assert "protocol" in outcome.error.cause


@pytest.mark.parametrize("errno", [512, 514, 516, 1000, 4])
def test_the_kernels_own_words_for_a_restart_mean_nothing(device: Device, errno: int) -> None:
    """-ERESTARTSYS and its kin, and what the runtime says to itself, are no answers; -EINTR is one."""
    lines = device.run(
        HEAD
        + r"""
int main(void) {
    int s[2];
    socketpair(AF_UNIX, SOCK_DGRAM, 0, s);
    write(s[1], "abcd", 4);
    guard();
    say("%ld %d", CALL(SYS_read, s[0], room.data, 16L), intact(0));
    return 0;
}
""",
        lambda policy, streams: liar.Liar(policy, liar.always(-errno), ["recvmsg"], streams, times=1),
        text=MANIFEST,
    ).lines
    assert lines == ["-4 1" if errno == 4 else "-1 1"]
