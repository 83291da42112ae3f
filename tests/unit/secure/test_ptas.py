# SPDX-License-Identifier: BSD-2-Clause
"""The other PTAs: device, stats, rng, socket, plugins, attestation."""

from __future__ import annotations

import hashlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar
from uuid import UUID, uuid4

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from elfhaven.abi import optee_msg as msg
from elfhaven.abi.gp import param_types
from elfhaven.image import ta
from elfhaven.normal.supplicant.plugin import Plugins
from elfhaven.normal.supplicant.socket import Sockets
from elfhaven.secure.params import Parameters, Value
from elfhaven.secure.pta.attestation import AttestationPta
from elfhaven.secure.pta.base import Call, Command, PseudoTa
from elfhaven.secure.pta.device import DevicePta
from elfhaven.secure.pta.rng import RngPta
from elfhaven.secure.pta.socket import CLOSE, IOCTL, OPEN, RECV, SEND, SocketPta
from elfhaven.secure.pta.stats import StatsPta
from elfhaven.world.message import Message, Param

from .client import Client
from .normal_world import NormalWorld
from .probe import Probe, signed
from .test_first_path import open_pta, pta

OK, BAD_PARAMETERS, SHORT, DENIED = 0, 0xFFFF0006, 0xFFFF0010, 0xFFFF0001
NOT_FOUND, NOT_IMPLEMENTED = 0xFFFF0008, 0xFFFF0009
IN, OUT = msg.ATTR_VALUE_INPUT, msg.ATTR_VALUE_OUTPUT


class Session:
    """A session of the normal world with a PTA."""

    def __init__(self, world: NormalWorld, uuid: UUID) -> None:
        self.world = world
        opened = world.open(uuid)
        assert opened.result == OK
        self.number = opened.session

    def __call__(self, command: int, *params: Param) -> Message:
        return self.world.invoke(self.number, command, *params)

    def read(self, command: int, size: int, *before: Param) -> tuple[int, bytes]:
        """A command that answers in a buffer behind other parameters: result, and what it says is there."""
        place, pages = self.world.share(bytes(size), msg.ATTR_TMEM_OUTPUT)
        done = self(command, *before, Param(place.attr, place.a, size, 0))
        data = bytes(pages.view[: done.params[len(before)].b])
        self.world.normal.free(pages)
        return done.result, data


class Echo(PseudoTa):
    """All that a PTA takes."""

    uuid = UUID("aaaaaaaa-0000-0000-0000-000000000001")
    commands: ClassVar[tuple[Command, ...]] = (Command(7, "double", param_types(3)),)
    enumerated = 1

    def double(self, call: Call, params: Parameters) -> None:
        params.items[0] = Value(2 * params.value(0).a)


def test_a_pta_of_a_users_own() -> None:
    world = NormalWorld(pseudo_tas=(Echo,))
    session = Session(world, Echo.uuid)
    assert session(7, Param(3, 21)).params[0].a == 42
    assert session(7).result == BAD_PARAMETERS
    assert session(8, Param(3)).result == NOT_IMPLEMENTED
    assert Session(world, DevicePta.uuid).read(1, 64)[1] == Echo.uuid.bytes
    world.close()


def test_devices(world: NormalWorld) -> None:
    session = Session(world, DevicePta.uuid)
    assert session.read(0, 64) == (OK, RngPta.uuid.bytes)
    place, pages = world.share(bytes(16), msg.ATTR_TMEM_OUTPUT)
    short = session(0, Param(place.attr, place.a, 8, 0))
    assert (short.result, short.params[0].b) == (SHORT, 16)
    world.normal.free(pages)
    assert session.read(2, 64) == (OK, b"")
    assert session(0).result == BAD_PARAMETERS


def test_random_numbers(world: NormalWorld) -> None:
    session = Session(world, RngPta.uuid)
    place, pages = world.share(bytes(64))
    assert session(0, place).result == OK
    assert bytes(pages.view[:64]) != bytes(64)
    world.normal.free(pages)
    info = session(1, Param(OUT)).params[0]
    assert info.a > 0 < info.b <= 1024


def test_stats(world: NormalWorld, install: Callable[..., UUID]) -> None:
    uuid = install()
    opened = world.open(uuid)
    session = Session(world, StatsPta.uuid)
    result, pools = session.read(1, 1024, Param(IN))
    assert (result, len(pools)) == (OK, 5 * 56)
    name, used, most, size, *failed = struct.unpack_from("<32s6I", pools, 2 * 56)
    assert name.rstrip(b"\0") == b"Physical TA memory"
    assert 0 < used <= most <= size
    assert failed == [0, 0, 0]
    assert session.read(1, 1024, Param(IN, 3)) == (OK, pools[112:168])
    assert session.read(1, 1024, Param(IN, 6))[0] == BAD_PARAMETERS
    result, tas = session.read(3, 1024)
    assert (result, tas[:16], struct.unpack_from("<II", tas, 16)) == (OK, uuid.bytes_le, (0, 1))
    times = session(4, Param(OUT), Param(OUT)).params
    assert (times[0].a, times[1].a) == (1_700_000_000, 0)
    assert [session(0, *[Param(OUT)] * 3).result, session(2).result] == [OK, OK]
    assert [session(5, Param(IN, kind)).result for kind in (0, 1, 2)] == [OK, OK, BAD_PARAMETERS]
    assert session(99).result == BAD_PARAMETERS
    world.close_session(opened.session)


# ---- the supplicant's services, asked for by a TA


class Services:
    """The probe with sockets and plugins behind it."""

    def __init__(self, client: Client, uuid: UUID, serve: Callable[..., int], command: int) -> None:
        self.client = client
        client.world.answers[command] = self._answer
        self.serve = serve
        self.session = open_pta(client, str(uuid))
        client.invoke(Probe.SCRATCH)
        self.scratch = client.word(0)

    def _answer(self, asked: Message) -> None:
        pages = self.client.world.pages

        def room(param: Param) -> memoryview:
            return pages[param.c].view[: param.b] if param.c in pages else memoryview(b"")

        asked.result = self.serve(asked.params, room=room)

    def __call__(self, command: int, *words: int) -> int:
        return pta(self.client, self.session, command, *words)

    def put(self, data: bytes, offset: int = 4096) -> int:
        self.client.put(data, offset)
        return self.scratch + offset

    def word(self, index: int) -> int:
        return int.from_bytes(self.client.get(8, 512 + 8 * index), "little")


def test_a_ta_talks_tcp(client: Client) -> None:
    sockets = Sockets()
    ask = Services(client, SocketPta.uuid, sockets.serve, msg.RPC_CMD_SOCKET)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port, name = server.getsockname()[1], b"127.0.0.1\0"
        assert ask(OPEN, 0x2151, 1, port, ask.put(name), len(name), 0x65) == OK
        handle = ask.word(7)
        peer, _ = server.accept()
        assert ask(SEND, 0x251, handle, 1000, ask.put(b"hello"), 5) == OK
        assert (ask.word(5), peer.recv(16)) == (5, b"hello")
        peer.sendall(b"answer")
        assert ask(RECV, 0x61, handle, 1000, ask.put(bytes(16)), 16) == OK
        assert (ask.word(4), client.get(6, 4096)) == (6, b"answer")
        assert ask(RECV, 0x61, handle, 0, ask.scratch + 4096, 16) == 0xF1007003
        assert ask(IOCTL, 0x71, handle, 0x65F00000, ask.put((8192).to_bytes(4, "little")), 4) == OK
        assert ask(CLOSE, 0x1, handle) == OK
        assert ask(CLOSE, 0x1, handle) == BAD_PARAMETERS
        assert ask(OPEN, 0x2151, 1, port, ask.put(name), len(name), 0x65) == OK
        other, _ = server.accept()
        assert client.svc(6, ask.session) == OK  # the session's end closes the socket
        assert other.recv(16) == b""
        peer.close()
        other.close()
    sockets.close()


def test_a_ta_receives_datagrams(client: Client) -> None:
    """With no room it learns how long the next one is; one that is cut tells so by its size."""
    sockets = Sockets()
    ask = Services(client, SocketPta.uuid, sockets.serve, msg.RPC_CMD_SOCKET)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        name = b"127.0.0.1\0"
        assert ask(OPEN, 0x2151, 1, peer.getsockname()[1], ask.put(name), len(name), 0x66) == OK
        handle = ask.word(7)
        assert ask(SEND, 0x251, handle, 1000, ask.put(b"hello"), 5) == OK
        data, ours = peer.recvfrom(16)
        assert data == b"hello"
        assert (ask(RECV, 0x61, handle, 1000, ask.scratch + 4096, 0), ask.word(4)) == (OK, 0)
        peer.sendto(b"an answer", ours)
        assert (ask(RECV, 0x61, handle, 1000, ask.scratch + 4096, 0), ask.word(4)) == (OK, 9)
        assert ask(RECV, 0x61, handle, 1000, ask.put(bytes(16)), 16) == OK
        assert (ask.word(4), client.get(9, 4096)) == (9, b"an answer")
        peer.sendto(b"an answer", ours)
        assert ask(RECV, 0x61, handle, 1000, ask.put(bytes(16)), 4) == OK
        assert (ask.word(4), client.get(9, 4096)) == (5, b"an a\0\0\0\0\0")
        assert ask(CLOSE, 0x1, handle) == OK
    sockets.close()


def test_nothing_waits_for_the_network_once_interrupted() -> None:
    sockets = Sockets()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        name, answered = b"127.0.0.1\0", Param(msg.ATTR_VALUE_OUTPUT)
        words = (Param(1, msg.RPC_SOCKET_OPEN, 1), Param(1, peer.getsockname()[1], 0x66, 1))
        asked = [*words, Param(msg.ATTR_RMEM_INPUT, 0, len(name), 1), answered]
        assert sockets.serve(asked, lambda _param: memoryview(name)) == OK
        wait = [Param(1, msg.RPC_SOCKET_RECV, 1, answered.a), Param(msg.ATTR_RMEM_OUTPUT, 0, 16, 1)]
        wait.append(Param(1, 0xFFFFFFFF))
        threading.Timer(0.05, sockets.interrupt).start()
        assert sockets.serve(wait, lambda _param: memoryview(bytearray(16))) == 0xF1007003
    sockets.close()


def test_sockets_are_for_tas(world: NormalWorld) -> None:
    assert world.open(SocketPta.uuid).result == DENIED


def test_a_ta_asks_a_plugin(client: Client) -> None:
    uuid, seen = uuid4(), []

    def plugin(command: int, sub_command: int, data: memoryview) -> tuple[int, int]:
        seen.append((command, sub_command, bytes(data)))
        data[:3] = b"yes"
        return (OK, 3) if command == 1 else (0xFFFF0007, 0)

    system = UUID("3a2f8978-5dc0-11e8-9c2d-fa7ae01bbebc")
    ask = Services(client, system, Plugins({uuid: plugin}).serve, msg.RPC_CMD_SUPP_PLUGIN)
    name, data = ask.put(uuid.bytes_le, 4096), ask.put(b"question", 8192)
    assert ask(13, 0x2715, name, 16, 1, 2, data, 8) == OK
    assert (seen, ask.word(7), client.get(8, 8192)) == ([(1, 2, b"question")], 3, b"yesstion")
    assert ask(13, 0x2715, name, 16, 9, 2, data, 8) == 0xFFFF0007
    assert ask(13, 0x2715, ask.put(bytes(16), 4096), 16, 1, 2, data, 8) == NOT_FOUND


# ---- attestation


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trusted storage in which the key is made once."""
    return tmp_path_factory.mktemp("attestation")


@pytest.fixture
def attested(files: Path) -> Iterator[Client]:
    world = NormalWorld(files=files)
    uuid = uuid4()
    world.tas[uuid] = signed(uuid)
    yield Client(world, uuid)
    world.close()


def public_key(session: Session) -> rsa.RSAPublicKey:
    exponent, first = session.world.share(bytes(3), msg.ATTR_TMEM_OUTPUT, 4096)
    modulus, second = session.world.share(bytes(384), msg.ATTR_TMEM_OUTPUT, 4096)
    done = session(0, Param(6 + 4, exponent.a, 3), Param(6 + 4, modulus.a, 384), Param(OUT))
    assert (done.result, done.params[2].a) == (OK, 0x70414930)
    e, n = (int.from_bytes(pages.view[:size], "big") for pages, size in ((first, 3), (second, 384)))
    return rsa.RSAPublicNumbers(e, n).public_key()


def check(key: rsa.RSAPublicKey, nonce: bytes, answer: bytes) -> bytes:
    """The digest in an answer whose signature holds."""
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    key.verify(answer[32:], nonce + answer[:32], pss, hashes.SHA256())
    return answer[:32]


def nonce_of(session: Session, nonce: bytes) -> Param:
    place, _ = session.world.share(nonce, msg.ATTR_TMEM_INPUT, 4096)
    return Param(place.attr, place.a, len(nonce), 0)


def test_measurements_are_signed_with_the_key_of_the_device(attested: Client, files: Path) -> None:
    session = Session(attested.world, AttestationPta.uuid)
    key = public_key(session)
    assert key.key_size == 3072
    result, answer = session.read(3, 512, nonce_of(session, b"fresh"))
    assert result == OK
    core = check(key, b"fresh", answer)
    with pytest.raises(InvalidSignature):
        check(key, b"stale", answer)
    assert session.read(3, 100, nonce_of(session, b"fresh"))[0] == SHORT
    assert session.read(2, 512, nonce_of(session, b"fresh"))[0] == DENIED  # only a TA measures itself
    name, _ = attested.world.share(attested.uuid.bytes_le, msg.ATTR_TMEM_INPUT, 4096)
    which = Param(name.attr, name.a, 16, 0)
    result, answer = session.read(1, 512, which, nonce_of(session, b"fresh"))
    file = ta.parse(attested.world.tas[attested.uuid])
    assert (result, check(key, b"fresh", answer)) == (OK, file.signed.hash)
    restarted = NormalWorld(files=files)
    again = Session(restarted, AttestationPta.uuid)
    assert public_key(again).public_numbers() == key.public_numbers()
    assert check(key, b"x", again.read(3, 512, nonce_of(again, b"x"))[1]) == core
    restarted.close()


def test_a_ta_measures_what_it_has_loaded(attested: Client) -> None:
    key = public_key(Session(attested.world, AttestationPta.uuid))
    session = open_pta(attested, str(AttestationPta.uuid))
    attested.invoke(Probe.SCRATCH)
    scratch = attested.word(0)
    found = []
    for _ in range(2):
        attested.put(b"nonce", 4096)
        assert pta(attested, session, 2, 0x65, scratch + 4096, 5, scratch + 8192, 1024) == OK
        found.append(check(key, b"nonce", attested.get(416, 8192)))
    assert found[0] == found[1]
    elf = ta.parse(attested.world.tas[attested.uuid]).image
    task = attested.world.core.sessions.tasks[0]
    base = task.loaded.linked[0].base
    code = task.space.read(base, task.loaded.linked[0].plan.segments[0].pages_end)
    pieces = sorted([elf[:4096], code], key=lambda piece: (len(piece), piece))
    assert found[0] == hashlib.sha256(b"".join(pieces)).digest()
