# SPDX-License-Identifier: BSD-2-Clause
"""Shared memory that changes while it is read: the strings of START, and the image of a TA."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
from tests.hostile.inside import Device
from tests.hostile.liar import Witness

from elfhaven.abi import gp
from elfhaven.abi import optee_msg as msg
from elfhaven.errors import TeeError
from elfhaven.normal.buffers import Buffer
from elfhaven.normal.client import Session
from elfhaven.normal.control import ControlBlock
from elfhaven.normal.policy import RootPolicy
from elfhaven.packing import PackedTa
from elfhaven.world.message import Param

ENV = '[env]\nallow = ["LANG"]\n'
SHOW = r"""
extern char **environ;
int main(int argc, char **argv) {
    for (int i = 0; i < argc; i++)
        say("arg %s", argv[i]);
    for (char **e = environ; *e; e++)
        say("env %s", *e);
    return argc;
}
"""
HELLO = 'int main(void) { say("hello"); return 7; }'
WORD, SIDE = "A" * 150, "C" * 30
RUNS = 30


class Flipper:
    """A thread that writes to a piece of memory as fast as it can."""

    def __init__(self, write: Callable[[int], None]) -> None:
        self.flips = 0
        self._write = write
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._done.is_set():
            self._write(self.flips)
            self.flips += 1

    def stop(self) -> None:
        self._done.set()
        self._thread.join()


# the strings: argv, environment, working directory


class Mutator(Witness):
    """Has the strings rewritten from the moment at which they are shared until the program first calls."""

    def __init__(self, policy: RootPolicy, streams: tuple[int, int, int]) -> None:
        super().__init__(policy, streams)
        self.flipper: Flipper | None = None

    def flip(self, view: memoryview, start: bytes) -> None:
        """`view` will hold the strings, whose bytes are `start`."""
        word, cut = start.index(WORD.encode()), start.index(SIDE.encode() + b"C/") + len(SIDE)
        letters = b"A" * len(WORD), b"Z" * len(WORD)

        def write(count: int) -> None:
            if bytes(view[:5]) == b"prog\0":
                view[word : word + len(WORD)] = letters[count & 1]
                view[cut] = b"C\0"[count & 1]

        self.flipper = Flipper(write)

    def serve(
        self, block: ControlBlock, window: memoryview | None, pending: int, patience: int | None = None
    ) -> int:
        if self.flipper:
            self.flipper.stop()
        return super().serve(block, window, pending, patience)

    def close(self) -> None:
        if self.flipper:
            self.flipper.stop()
        super().close()


@contextmanager
def borrowed(
    patch: pytest.MonkeyPatch, device: Device, size: int, then: Callable[[Buffer], None]
) -> Iterator[None]:
    """Within, tells of the buffer in which the driver shares `size` bytes of the caller's."""
    buffers = device.emulator.driver._buffers
    plain = buffers.borrow

    def borrow(wanted: int) -> Buffer:
        buffer = plain(wanted)
        if wanted == size:
            then(buffer)
        return buffer

    patch.setattr(buffers, "borrow", borrow)
    yield
    patch.undo()


def test_strings_rewritten_during_start(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    """Letters of an argument change, and a NUL comes and goes that ends one string and begins another.

    Either way the strings add up, so every run must show one reading of them, whole.
    """
    language = f"{SIDE}C/{SIDE}"
    strings = b"\0".join((b"prog", WORD.encode(), b"LANG=" + language.encode(), bytes(device.place), b""))
    seen: set[str] = set()
    flips = 0
    for _ in range(RUNS):
        running: list[Mutator] = []

        def flip(buffer: Buffer, running: list[Mutator] = running) -> None:
            running[0].flip(buffer.view, strings)

        def hook(agent: Mutator, session: Session, running: list[Mutator] = running) -> None:
            running.append(agent)

        with borrowed(monkeypatch, device, len(strings), flip):
            outcome = device.run(SHOW, Mutator, WORD, text=ENV, env={"LANG": language}, hook=hook)
        assert (outcome.error, outcome.status) == (None, 2)
        program, argument, environment = outcome.lines
        assert program == "arg prog"
        assert re.fullmatch(r"arg [AZ]{150}", argument)
        assert environment in (f"env LANG={language}", f"env LANG={SIDE}")
        seen.add(argument)
        seen.add(environment)
        assert outcome.agent.flipper
        flips += outcome.agent.flipper.flips
    assert flips > 10 * RUNS
    assert len(seen) > 2  # the change reached some of them


# the image


@contextmanager
def loading(
    device: Device, serve: Callable[[Callable[[list[Param]], int], list[Param]], int]
) -> Iterator[None]:
    """Within, LOAD_TA is served by `serve`, which is given the honest way."""
    table = device.emulator.driver._rpc._served
    plain = table[msg.RPC_CMD_LOAD_TA]
    table[msg.RPC_CMD_LOAD_TA] = lambda params: serve(plain, params)
    try:
        yield
    finally:
        table[msg.RPC_CMD_LOAD_TA] = plain


def runs(device: Device) -> bool:
    """Whether the program opens and runs; it does so honestly or not at all."""
    outcome = device.run(HELLO, Witness)
    assert (outcome.error, outcome.status, outcome.lines) == (None, 7, ["hello"])
    return True


def refused(device: Device, packed: PackedTa) -> int:
    with pytest.raises(TeeError) as caught, device.session(packed):
        pass
    return caught.value.code


def swapped(device: Device, first: PackedTa, second: bytes) -> int:
    """The size is that of the first image; what is loaded then is the second."""

    def serve(plain: Callable[[list[Param]], int], params: list[Param]) -> int:
        asked_for_the_size = not device.emulator.driver._rpc._room(params[1])
        result = plain(params)
        if asked_for_the_size:
            device.emulator.driver._rpc._supplicant = Second(second)
        return result

    rpc = device.emulator.driver._rpc
    honest = rpc._supplicant
    try:
        with loading(device, serve):
            return refused(device, first)
    finally:
        rpc._supplicant = honest


class Second:
    """A supplicant that has one image whatever is asked for."""

    def __init__(self, image: bytes) -> None:
        self._image = image

    def size(self, uuid: UUID) -> int | None:
        return len(self._image)

    def load(self, uuid: UUID) -> bytes | None:
        return self._image


def test_another_image_than_the_one_whose_size_was_told(device: Device) -> None:
    packed, other = device.pack(HELLO), device.pack(SHOW, ENV).path.read_bytes()
    image = packed.path.read_bytes()
    flipped = bytearray(image)
    flipped[len(image) // 2] ^= 4
    fitted = (other + bytes(len(image)))[: len(image)]
    for second in (
        fitted,
        bytes(flipped),
        image[:-1],
        image[:400],
        b"",
        image + b"x",
        image * 2,
        bytes(len(image)),
    ):
        code = swapped(device, packed, second)
        assert code not in (gp.TEE_SUCCESS, gp.TEE_ERROR_TARGET_DEAD), hex(code)
    assert runs(device)


@pytest.mark.parametrize("told", [0, 1, 19, 400, -1, 1 << 20, (1 << 32) - 1, (1 << 64) - 1])
def test_sizes_that_are_not_the_images(device: Device, told: int) -> None:
    """`told` is a size, or what to add to the true one; the image itself is honest."""
    packed = device.pack(HELLO)

    def serve(plain: Callable[[list[Param]], int], params: list[Param]) -> int:
        result = plain(params)
        params[1].b = told if told >= 0 else params[1].b + told
        return result

    with loading(device, serve):
        assert refused(device, packed) not in (gp.TEE_SUCCESS, gp.TEE_ERROR_TARGET_DEAD)
    assert runs(device)


def test_an_image_overwritten_once_it_was_read(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte is gone as soon as the TEE has read it: whoever looked twice would see another image."""
    device.pack(HELLO)
    normal = device.emulator.driver._memory
    plain_read = normal.read
    images: list[memoryview] = []
    taken: list[tuple[int, int]] = []

    def serve(plain: Callable[[list[Param]], int], params: list[Param]) -> int:
        rpc = device.emulator.driver._rpc
        room = rpc._room(params[1])
        if room:
            images.append(room)
            taken.extend((at, msg.PAGE_SIZE) for at in rpc._pages[params[1].c][0].page_addresses)
        return plain(params)

    def read(address: int, size: int) -> bytes:
        data = plain_read(address, size)
        if any(at <= address < at + length for at, length in taken):
            normal.write(address, bytes(size))
        return data

    monkeypatch.setattr(normal, "read", read)
    with loading(device, serve):
        assert runs(device)
    assert images
    assert not any(images[0])


def test_an_image_rewritten_while_it_is_read(device: Device) -> None:
    """Another thread writes another image into the same memory: the honest one runs, or none."""
    packed, other = device.pack(HELLO), device.pack(SHOW, ENV).path.read_bytes()
    flippers: list[Flipper] = []

    def serve(plain: Callable[[list[Param]], int], params: list[Param]) -> int:
        room = device.emulator.driver._rpc._room(params[1])
        result = plain(params)
        if room:
            image = bytes(room)
            places = [*range(0, 400, 20), *range(400, min(len(image), len(other)) - 64, 4096)]

            def write(count: int) -> None:
                at = places[count // 2 % len(places)]
                room[at : at + 64] = (other, image)[count & 1][at : at + 64]

            flippers.append(Flipper(write))
        return result

    codes: list[int] = []
    while len(codes) < RUNS or (not any(codes) and len(codes) < 20 * RUNS):
        with loading(device, serve):
            try:
                with device.session(packed):
                    codes.append(gp.TEE_SUCCESS)
            except TeeError as error:
                codes.append(error.code)
            finally:
                while flippers:
                    flippers.pop().stop()
    assert gp.TEE_ERROR_TARGET_DEAD not in codes
    assert any(codes)  # some of the changes came in time
    assert runs(device)
