# SPDX-License-Identifier: BSD-2-Clause
"""A signal stops what runs and what waits, and the handlers are put back."""

import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from elfhaven.target.interrupt import WATCHED, Interrupt, ProgramInterrupted, watch


@pytest.fixture(autouse=True)
def ordinary_signals() -> Iterator[None]:
    """A job in the background, as CI may be, ignores SIGINT; then there is nothing to watch."""
    before = {number: signal.signal(number, signal.default_int_handler) for number in WATCHED}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def _soon(number: int) -> threading.Timer:
    timer = threading.Timer(0.05, os.kill, (os.getpid(), number))
    timer.start()
    return timer


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_reaches_a_thread_that_runs_no_bytecode(number: int) -> None:
    """What the engine is: a long call in C that only `stop` ends. Here a lock stands for it."""
    engine = threading.Lock()
    engine.acquire()
    stops: list[int] = []

    def stop() -> None:
        stops.append(1)
        if engine.locked():
            engine.release()

    with watch(stop) as seen:
        timer = _soon(number)
        assert engine.acquire(timeout=5)
    timer.join()
    assert stops
    assert (seen.signal, seen.status) == (number, 128 + number)


def test_a_signal_ends_a_blocked_read() -> None:
    reader, writer = os.pipe()
    reached = False
    with watch(lambda: None) as seen:
        timer = _soon(signal.SIGINT)
        with seen.waiting():
            os.read(reader, 1)
        reached = True
    timer.join()
    os.close(reader)
    os.close(writer)
    assert not reached
    assert seen.status == 130


def test_a_signal_that_came_before_the_wait_ends_it() -> None:
    seen = Interrupt()
    seen.handle(signal.SIGINT, None)
    with pytest.raises(ProgramInterrupted), seen.waiting():
        pytest.fail("the wait began")


def test_a_stop_that_comes_too_early_is_repeated() -> None:
    calls: list[float] = []
    with watch(lambda: calls.append(time.monotonic())) as seen:
        os.kill(os.getpid(), signal.SIGINT)
        deadline = time.monotonic() + 5
        while len(calls) < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
    assert len(calls) >= 3
    assert seen.status == 130


def test_without_a_signal_everything_is_as_before() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    threads = threading.active_count()
    with watch(lambda: pytest.fail("stopped without a signal")) as seen:
        pass
    assert seen.status is None
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
    assert threading.active_count() == threads
    assert signal.set_wakeup_fd(-1) == -1


def test_another_thread_watches_nothing() -> None:
    statuses: list[int | None] = []

    def inside() -> None:
        with watch(lambda: None) as seen:
            statuses.append(seen.status)

    thread = threading.Thread(target=inside)
    thread.start()
    thread.join()
    assert statuses == [None]


def test_an_ignored_signal_stays_ignored() -> None:
    """nohup's SIGHUP, a background job's SIGINT."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with watch(lambda: pytest.fail("stopped")) as seen:
        os.kill(os.getpid(), signal.SIGHUP)
        time.sleep(0.05)
    assert seen.status is None
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
