# SPDX-License-Identifier: BSD-2-Clause
"""Libraries that a TA loads while it runs (dlopen, dlsym through the system PTA), and thread-local data."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID, uuid4

import pytest

from elfhaven.image import ta
from elfhaven.world.message import Param

from .client import Client
from .normal_world import NormalWorld
from .probe import FLAGS, HERE, LINK, Probe, key
from .test_first_path import open_pta, pta
from .test_loader import LIBRARY, linked

OK, BAD_PARAMETERS, NOT_FOUND, SECURITY, CONFLICT = 0, 0xFFFF0006, 0xFFFF0008, 0xFFFF000F, 0xFFFF0003
DLOPEN, DLSYM = 10, 11
NOW_GLOBAL_NODELETE = 0x1102


class Dynamic:
    """dlopen and dlsym of the probe; strings go through its private memory."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.session = open_pta(client)
        client.invoke(Probe.SCRATCH)
        self.scratch, self.shared = client.word(0), client.word(2)

    def dlopen(self, uuid: UUID, flags: int = NOW_GLOBAL_NODELETE) -> int:
        self.client.share(uuid.bytes_le, 4096)
        return pta(self.client, self.session, DLOPEN, 0x15, self.shared + 4096, 16, flags)

    def dlsym(self, uuid: UUID, name: bytes) -> tuple[int, int]:
        self.client.share(uuid.bytes_le + name, 4096)
        place, size = self.shared + 4096, len(name)
        result = pta(self.client, self.session, DLSYM, 0x255, place, 16, place + 16, size)
        high, low = (int.from_bytes(self.client.get(8, 512 + 8 * i), "little") for i in (5, 6))
        return result, high << 32 | low

    def load(self, address: int) -> int:
        assert self.client.invoke(Probe.LOAD, address) == 0
        return self.client.word()


@pytest.fixture
def dynamic(client: Client) -> Dynamic:
    client.world.tas[LIBRARY] = ta.sign(linked("library.c"), LIBRARY, key())
    return Dynamic(client)


def test_a_library_comes_while_the_ta_runs(dynamic: Dynamic) -> None:
    assert dynamic.dlsym(UUID(int=0), b"library_word\0")[0] == NOT_FOUND
    assert dynamic.dlopen(LIBRARY) == OK
    task = dynamic.client.world.core.sessions.tasks[0]
    base = task.loaded.linked[1].base
    for uuid in (LIBRARY, UUID(int=0)):
        result, address = dynamic.dlsym(uuid, b"library_word\0")
        assert (result, dynamic.load(address)) == (OK, 0x100)
    assert base <= address < base + task.loaded.linked[1].plan.end
    pages = dynamic.client.world.core.pages.used
    assert dynamic.dlopen(LIBRARY) == OK  # it is there
    assert dynamic.client.world.core.pages.used == pages


def test_what_dlopen_and_dlsym_refuse(dynamic: Dynamic) -> None:
    assert dynamic.dlopen(LIBRARY, flags=2) == BAD_PARAMETERS
    assert dynamic.dlopen(UUID(int=0)) == OK  # the TA itself
    assert dynamic.dlopen(uuid4()) == NOT_FOUND
    assert dynamic.dlsym(LIBRARY, b"library_word\0")[0] == NOT_FOUND  # not open
    assert dynamic.dlopen(LIBRARY) == OK
    assert dynamic.dlsym(LIBRARY, b"library_word")[0] == BAD_PARAMETERS  # without its end
    assert dynamic.dlsym(LIBRARY, b"nothing\0")[0] == NOT_FOUND


def test_a_library_that_fails_leaves_nothing(dynamic: Dynamic) -> None:
    world = dynamic.client.world
    broken = bytearray(world.tas[LIBRARY])
    broken[-1] ^= 1
    good, world.tas[LIBRARY] = world.tas[LIBRARY], bytes(broken)
    pages, tas = world.core.pages.used, len(world.core.sessions.tasks[0].loaded.linked)
    assert dynamic.dlopen(LIBRARY) == SECURITY
    needy = uuid4()
    world.tas[needy] = ta.sign(linked("linked.c", "library.c"), needy, key())
    assert dynamic.dlopen(needy) == CONFLICT  # no library: its headers lie in no segment
    assert (world.core.pages.used, len(world.core.sessions.tasks[0].loaded.linked)) == (pages, tas)
    world.tas[LIBRARY] = good
    assert dynamic.dlopen(LIBRARY) == OK


@cache
def thread_local(dialect: str) -> tuple[bytes, bytes]:
    """The TA and its library, linked with one of the two ways to thread-local data."""
    with TemporaryDirectory() as directory:
        out, library = Path(directory) / "out.so", Path(directory) / "library.so"
        flags = [*FLAGS.replace(" -static", "").split(), *LINK.split(), *dialect.split()]
        head = [sys.executable, "-m", "ziglang", "cc", "-target", "aarch64-linux-musl", "-mcpu=generic"]
        script, other = (["-shared", "-T", str(HERE / name)] for name in ("tls.lds", "tls_library.lds"))
        one = ["-o", str(library), str(HERE / "tls_library.c"), f"-Wl,-soname,{LIBRARY}"]
        subprocess.run([*head, *other, *flags, *one], check=True, capture_output=True)
        two = ["-o", str(out), str(HERE / "tls.c"), str(library)]
        subprocess.run([*head, *script, *flags, *two], check=True, capture_output=True)
        return out.read_bytes(), library.read_bytes()


@pytest.mark.parametrize(
    "dialect,kind", [("-ftls-model=initial-exec", 1030), ("-ftls-model=global-dynamic", 1031)]
)
def test_thread_local_data(world: NormalWorld, dialect: str, kind: int) -> None:
    program, library = thread_local(dialect)
    uuid = uuid4()
    world.tas[uuid] = ta.sign(program, uuid, key())
    world.tas[LIBRARY] = ta.sign(library, LIBRARY, key())
    opened = world.open(uuid)
    assert opened.result == OK, world.core.console
    linked_in = world.core.standard.sessions[opened.session].target.loaded.linked  # type: ignore[union-attr]
    assert kind in {row[1] for image in linked_in for row in image.dynamic.relocations}
    for _ in range(2):  # set up anew by each call
        done = world.invoke(opened.session, 0, Param(3), Param(3))
        assert (done.params[0].a, done.params[0].b) == (6 << 8 | 2, 43)
        assert (done.params[1].a, done.params[1].b) == (1, ord(str(LIBRARY)[0]))
    world.close_session(opened.session)
    assert not any(world.core.leaks().values())


def test_any_memory_of_the_ta_will_do_for_a_name(dynamic: Dynamic) -> None:
    """A PTA borrows the caller's memory, its private memory too."""
    dynamic.client.put(LIBRARY.bytes_le, 16)
    place = dynamic.scratch + 16
    assert pta(dynamic.client, dynamic.session, DLOPEN, 0x15, place, 16, NOW_GLOBAL_NODELETE) == OK


def test_code_of_a_library_that_came_runs(dynamic: Dynamic) -> None:
    """Again and again: the pages held other code before."""
    world = dynamic.client.world
    for _ in range(6):
        client = Client(world, dynamic.client.uuid)
        again = Dynamic(client)
        assert again.dlopen(LIBRARY) == OK
        result, address = again.dlsym(LIBRARY, b"library_value\0")
        assert result == OK
        assert client.invoke(Probe.JUMP, address) == OK  # it returns to the probe
        client.close()
