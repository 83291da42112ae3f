# SPDX-License-Identifier: BSD-2-Clause
"""What breaks the rules of the wire: it ends the connection, says why, and nothing else happens."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest
from tests.unit.qemu.bridge_process import BridgeProcess, Start, tool

from elfhaven.abi import bridge as wire
from elfhaven.normal.bridge_link import Frame, Link, User, frame

USER = User(0, 0, ())


def _greeted(bridge: BridgeProcess) -> Link:
    link = Link(bridge.stream)
    assert link.greet(USER, 5.0)
    return link


def _params(*params: tuple[int, int, int, int]) -> bytes:
    filled = (*params, *((0, 0, 0, 0),) * (wire.PARAMS - len(params)))
    return b"".join(wire.PARAM.struct.pack(*param) for param in filled)


def _invoke(*params: tuple[int, int, int, int]) -> bytes:
    return frame(wire.Kind.INVOKE, 9, wire.INVOKE.struct.pack(1, 1, 1, 0), _params(*params))


def _piece(handle: int, offset: int, data: bytes) -> bytes:
    return frame(wire.Kind.WRITE, 9, wire.PIECE.struct.pack(handle, 0, offset), data)


def _install(total: int, offset: int, data: bytes) -> bytes:
    return frame(wire.Kind.INSTALL, 9, wire.INSTALL.struct.pack(bytes(16), total, offset), data)


ALLOCATE = frame(wire.Kind.ALLOCATE, 1, wire.ALLOCATE.struct.pack(4096))
BROKEN = {
    "no magic": (b"\0" * 16, wire.Broken.FRAME),
    "no such kind": (frame(wire.Kind.REPLY, 9), wire.Broken.FRAME),
    "too short": (frame(wire.Kind.INVOKE, 9, b"short"), wire.Broken.FRAME),
    "too long": (
        wire.FRAME.struct.pack(wire.MAGIC, wire.Kind.WRITE, 9, wire.FRAME_MAX + 1),
        wire.Broken.FRAME,
    ),
    "a type that is none": (_invoke((4, 0, 0, 0)), wire.Broken.FRAME),
    "a handle that is none": (_invoke((7, 5, 0, 1)), wire.Broken.HANDLE),
    "a reference behind the end": (ALLOCATE + _invoke((7, 1, 4096, 1)), wire.Broken.HANDLE),
    "a reference that wraps": (ALLOCATE + _invoke((7, 1, 16, 2**64 - 16)), wire.Broken.HANDLE),
    "a piece of nothing": (_piece(1, 0, b"data"), wire.Broken.HANDLE),
    "a piece behind the end": (ALLOCATE + _piece(1, 4095, b"ab"), wire.Broken.HANDLE),
    "a piece far behind": (ALLOCATE + _piece(1, 2**64 - 1, b"ab"), wire.Broken.HANDLE),
    "a release of nothing": (frame(wire.Kind.RELEASE, 9, bytes(8)), wire.Broken.HANDLE),
    "too much memory": (
        frame(wire.Kind.ALLOCATE, 9, wire.ALLOCATE.struct.pack(wire.SHARED_MAX + 1)),
        wire.Broken.LIMIT,
    ),
    "no memory": (frame(wire.Kind.ALLOCATE, 9, wire.ALLOCATE.struct.pack(0)), wire.Broken.LIMIT),
    "too many handles": (ALLOCATE * (wire.HANDLES + 1), wire.Broken.LIMIT),
    "a file without a beginning": (_install(100, 50, b"x" * 50), wire.Broken.FRAME),
    "a file with more than it has": (_install(10, 0, b"x" * 11), wire.Broken.FRAME),
    "a file with a gap": (_install(10, 0, b"x") + _install(10, 2, b"x"), wire.Broken.FRAME),
    "a file too large": (_install(wire.TA_MAX + 1, 0, b"x"), wire.Broken.FRAME),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_rule_ends_the_connection(bridge: BridgeProcess, name: str) -> None:
    data, rule = BROKEN[name]
    link = _greeted(bridge)
    link.send((data,))
    heard = _last(link)
    assert (heard.kind, wire.ERROR.struct.unpack(heard.payload)[0]) == (wire.Kind.ERROR, rule)
    assert bridge.ends() == 0


def _last(link: Link) -> Frame:
    heard = None
    while True:
        try:
            heard = link.take()
        except EOFError:
            assert heard is not None
            return heard


def test_garbage_before_the_greeting_is_skipped(bridge: BridgeProcess) -> None:
    header = wire.FRAME.struct.pack(wire.MAGIC, wire.Kind.WRITE, 5, 1000)
    bridge.stream.send(b"\1\2\3" + header + b"the rest of a connection before" + header[:7])
    _greeted(bridge)


class Replayed:
    """A ByteStream whose other end is at once greeted and still sends what it had for another client."""

    def __init__(self, before: bytes) -> None:
        self._before = before
        self._answer = b""

    def send(self, data: bytes) -> None:
        nonce = wire.HELLO.struct.unpack_from(data, wire.FRAME.size)[0]
        welcome = wire.WELCOME.struct.pack(nonce, wire.VERSION, 1, 1, 15, b"")
        self._answer = self._before + frame(wire.Kind.WELCOME, 0, welcome) + frame(wire.Kind.TEXT, 3, b"next")

    def receive(self, size: int, timeout: float | None = None) -> bytes:
        piece, self._answer = self._answer[:7], self._answer[7:]
        return piece

    def close(self) -> None:
        pass


def test_what_another_client_was_sent_is_skipped() -> None:
    welcome = frame(wire.Kind.WELCOME, 0, wire.WELCOME.struct.pack(1, wire.VERSION, 1, 1, 15, b""))
    link = Link(Replayed(b"the end of an answer" + welcome + frame(wire.Kind.REPLY, 1, bytes(80))[:30]))
    assert link.greet(USER, 5.0)
    assert link.take() == (wire.Kind.TEXT, 3, b"next")


def test_another_client_ends_the_connection_of_the_one_before(bridge: BridgeProcess) -> None:
    """Where the bridge did not see the first one go; the other one says HELLO again."""
    _greeted(bridge)
    with pytest.raises(EOFError):
        _greeted(bridge)
    assert bridge.ends() == 0


def test_a_version_that_the_bridge_does_not_speak(bridge: BridgeProcess) -> None:
    bridge.stream.send(frame(wire.Kind.HELLO, 0, wire.HELLO.struct.pack(1, wire.VERSION + 1, 0, 0, 0)))
    heard = Link(bridge.stream).take()
    assert (heard.kind, heard.payload[:4]) == (wire.Kind.ERROR, struct.pack("<I", wire.Broken.VERSION))
    assert bridge.ends() == 0


def test_a_hyphen_is_the_port_of_standard_input_and_output(program: Path, tmp_path: Path) -> None:
    bridge = BridgeProcess(program, tmp_path, "-")
    try:
        _greeted(bridge)
    finally:
        bridge.close()
    assert bridge.ends() == 0


def test_the_end_of_the_stream_ends_the_bridge(bridge: BridgeProcess) -> None:
    link = _greeted(bridge)
    link.send((_invoke()[:20],))
    bridge.stream.close()
    assert bridge.ends() == 0


@pytest.mark.parametrize("seed", range(12))
def test_random_changes_of_good_frames_never_crash_the_bridge(start: Start, seed: int) -> None:
    """Each connection is given frames with some bytes changed: the bridge ends it or answers, status 0."""
    chance = random.Random(seed)
    good = [
        ALLOCATE,
        _piece(1, 16, b"data" * 9),
        _invoke((7, 1, 0, 4096), (3, 0, 1, 2)),
        _install(4, 0, b"abcd"),
    ]
    for _ in range(8):
        bridge = start()
        link = _greeted(bridge)
        data = bytearray(b"".join(chance.choices(good, k=6)))
        for _ in range(chance.randrange(4)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            link.send((bytes(data),))
        except OSError:
            pass
        bridge.socket.shutdown(1)
        assert bridge.ends() == 0


def test_the_generated_c_is_what_the_tables_say() -> None:
    generator = tool("generate_bridge")
    for name, make in generator.OUTPUTS.items():
        assert (generator.ROOT / "bridge" / name).read_text() == make(), name
