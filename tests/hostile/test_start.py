# SPDX-License-Identifier: BSD-2-Clause
"""What the normal world gives before the program runs: strings, control block, environment, image."""

from __future__ import annotations

import random
import struct

import pytest
from tests.hostile.inside import Device
from tests.hostile.liar import Witness

from elfhaven.abi import gp
from elfhaven.abi.container import CONTROL, Command, Fatal, State
from elfhaven.errors import TeeError
from elfhaven.normal.client import Direction, MemRef
from elfhaven.normal.control import ControlBlock, Identity

SHOW = r"""
extern char **environ;
int main(int argc, char **argv) {
    for (int i = 0; i < argc; i++)
        say("arg %s", argv[i]);
    for (char **e = environ; *e; e++)
        say("env %s", *e);
    return 0;
}
"""
ENV = '[env]\nallow = ["LANG", "LD_SAFE"]\nset = { TZ = "UTC" }\n'
IDENTITY = Identity(0o022, 2, 1, 1000, 1000, 1000, 1000)


def start(device: Device, argc: int, envc: int, strings: bytes, **words: int) -> tuple[int, int, int]:
    """START with raw strings and words of the control block; (TEE_Result, state, fatal code)."""
    packed = device.pack(SHOW, ENV)
    with device.session(packed) as session, session.context.allocate(16384) as control:
        block = ControlBlock(control.view, 0, 1 << 20)
        block.prepare(0, argc, envc, IDENTITY)
        for name, value in words.items():
            struct.pack_into("<I", control.view, CONTROL.offset(name), value)
        try:
            session.invoke(Command.START, control.ref(Direction.INOUT), None, MemRef.input(strings))
        except TeeError as error:
            return error.code, 0, 0
        header = block.header()
        return 0, header.state, header.fatal_code


def test_honest_strings_start(device: Device) -> None:
    """The yardstick for the refusals below: the same way, and the program runs to its first write."""
    assert start(device, 1, 1, b"prog\0LANG=C\0/\0") == (0, State.REQUESTS, 0)


@pytest.mark.parametrize(
    ("argc", "envc", "strings"),
    [
        (1, 0, b"prog\0/work"),  # no NUL at the end
        (1, 0, b"prog"),
        (1, 0, b"prog\0"),  # no working directory
        (5, 0, b"prog\0/\0"),  # more arguments than strings
        (1, 9, b"prog\0/\0"),
        (0xFFFF_FFFF, 0, b"prog\0/\0"),
        (1, 0xFFFF_FFFF, b"prog\0/\0"),
        (0xFFFF_FFFF, 2, b"prog\0/\0"),
        (0, 0, b"/\0"),  # no argument at all
        (1, 0, b"prog\0work\0"),  # a relative working directory
        (1, 0, b"prog\0/" + b"x" * 5000 + b"\0"),
    ],
)
def test_strings_that_do_not_add_up(device: Device, argc: int, envc: int, strings: bytes) -> None:
    assert start(device, argc, envc, strings) == (0, State.FATAL, Fatal.PROTOCOL)


@pytest.mark.parametrize(
    "words",
    [
        {"magic": 1},
        {"version": 99},
        {"size": 1 << 30},
        {"size": 4096},
        {"data_offset": 0},
        {"data_offset": 256},
        {"data_offset": 0xFFFF_FFF8, "data_size": 16384},
        {"data_size": 0xFFFF_FFFF},
        {"data_size": 64},
        {"log_offset": 64, "log_size": 4096},
        {"log_offset": 0xFFFF_FFF8, "log_size": 0xFFFF_FFF8},
        {"window_size": 0xFFFF_FFFF},
        {"start_flags": 1},  # an audit log without room for it
    ],
)
def test_control_blocks_that_do_not_add_up(device: Device, words: dict[str, int]) -> None:
    code, state, _ = start(device, 1, 0, b"prog\0/\0", **words)
    assert (code, state) == (gp.TEE_ERROR_BAD_PARAMETERS, 0)


def test_parameters_of_the_wrong_kind(device: Device) -> None:
    packed = device.pack(SHOW, ENV)
    with device.session(packed) as session, session.context.allocate(16384) as control:
        ControlBlock(control.view, 0, 0).prepare(0, 1, 0, IDENTITY)
        strings = MemRef.input(b"prog\0/\0")
        whole, part = control.ref(Direction.INOUT), control.ref(Direction.INOUT, 4, 16380)
        for params in (
            (),
            (None, None, strings),
            (whole,),
            (part, None, strings),
            (whole, None, MemRef.input(b"")),
        ):
            with pytest.raises(TeeError) as caught:
                session.invoke(Command.START, *params)
            assert caught.value.code == gp.TEE_ERROR_BAD_PARAMETERS
        session.invoke(Command.START, whole, None, strings)  # and the TA is as good as before


def test_the_environment_is_the_policys(device: Device) -> None:
    env = {"LANG": "C", "LD_PRELOAD": "/evil.so", "LD_LIBRARY_PATH": "/evil", "TZ": "Mars", "LANGUAGE": "x"}
    outcome = device.run(SHOW, Witness, "one", text=ENV, env=env)
    assert outcome.lines == ["arg prog", "arg one", "env LANG=C", "env TZ=UTC"]
    assert outcome.denied == ("env",)


def test_fixed_arguments_are_the_policys(device: Device) -> None:
    text = '[args]\nmode = "fixed"\nfixed = ["signed", "-n", "5"]\n'
    outcome = device.run(SHOW, Witness, "--evil", text=text)
    assert outcome.lines == ["arg signed", "arg -n", "arg 5"]
    assert outcome.denied == ("args",)


def test_a_changed_image_does_not_open(device: Device) -> None:
    """Single bits all over the file: header, hash, signature, ELF, code, policy."""
    packed = device.pack(SHOW, ENV)
    image = packed.path.read_bytes()
    places = [0, 3, 20, 60, 300, 360, len(image) // 2, len(image) - 1]
    places += random.Random(1).sample(range(len(image)), 24)
    try:
        for place in places:
            damaged = bytearray(image)
            damaged[place] ^= 1 << place % 8
            device.state.install(packed.uuid, bytes(damaged))
            with pytest.raises(TeeError) as caught, device.session(packed):
                pass
            assert caught.value.code != gp.TEE_ERROR_TARGET_DEAD
        for size in (0, 10, 400, len(image) - 1):
            device.state.install(packed.uuid, image[:size])
            with pytest.raises(TeeError), device.session(packed):
                pass
    finally:
        device.state.install(packed.uuid, image)
    with device.session(packed):
        pass
