# SPDX-License-Identifier: BSD-2-Clause
"""TAs in secure storage: installed by a PTA, loaded before the supplicant's."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID, uuid4

import pytest

from elfhaven.abi import optee_msg as msg
from elfhaven.image import ta
from elfhaven.secure.pta.secstor import SecstorTaMgmtPta
from elfhaven.world.message import Param

from .client import Client
from .normal_world import NormalWorld
from .probe import Probe, image, key, signed
from .test_images import encrypted, subkey
from .test_ptas import Session

OK, CONFLICT, SECURITY, NOT_FOUND, MAC_INVALID = 0, 0xFFFF0003, 0xFFFF000F, 0xFFFF0008, 0xFFFF3071


def install(world: NormalWorld, data: bytes) -> int:
    session = Session(world, SecstorTaMgmtPta.uuid)
    place, pages = world.share(data, msg.ATTR_TMEM_INPUT)
    result = session(0, Param(place.attr, place.a, len(data), 0)).result
    world.normal.free(pages)
    world.close_session(session.number)
    return result


def starts(world: NormalWorld, uuid: UUID) -> int:
    opened = world.open(uuid)
    if not opened.result:
        world.close_session(opened.session)
    return opened.result


def test_an_installed_ta_needs_no_supplicant_and_outlives_a_restart(tmp_path: Path) -> None:
    world, uuid = NormalWorld(files=tmp_path), uuid4()
    assert starts(world, uuid) == NOT_FOUND
    data = signed(uuid, version=2)
    assert install(world, data) == OK
    client = Client(world, uuid)
    assert client.invoke(Probe.ECHO) == OK
    client.close()
    assert not any(world.core.leaks().values())
    world.close()
    stored = (tmp_path / "0.ta").read_bytes()
    assert b"ELF" not in stored
    assert len(stored) == len(image(uuid))
    again = NormalWorld(files=tmp_path)
    assert starts(again, uuid) == OK
    again.close()


def test_it_is_loaded_before_the_supplicants(world: NormalWorld) -> None:
    uuid = uuid4()
    assert install(world, signed(uuid)) == OK
    world.tas[uuid] = b"not a TA at all"
    assert starts(world, uuid) == OK


def test_versions_of_an_installed_ta(world: NormalWorld) -> None:
    uuid, other = uuid4(), uuid4()
    for version, result in ((2, OK), (1, CONFLICT), (2, OK), (3, OK)):
        assert install(world, signed(uuid, version=version)) == result
    assert install(world, signed(other)) == OK
    assert sorted(path.name for path in world.files.glob("*.ta")) == ["0.ta", "1.ta"]
    assert [starts(world, uuid), starts(world, other)] == [OK, OK]


def test_what_is_not_installed(world: NormalWorld) -> None:
    uuid, space = uuid4(), uuid4()
    named = ta.derived_uuid(space, "x")
    changed = bytearray(signed(uuid))
    changed[-1] ^= 1
    chained = subkey(key(), space, "x", 1) + ta.sign(image(named), named, key())
    for data in (b"", b"hello", bytes(changed), encrypted(uuid, bytes(32)), chained):
        if data:
            assert install(world, data) == SECURITY
    assert starts(world, uuid) == NOT_FOUND


@pytest.mark.parametrize("at", [0, 100, -1])
def test_a_changed_file_is_noticed(world: NormalWorld, at: int) -> None:
    uuid = uuid4()
    assert install(world, signed(uuid)) == OK
    (path,) = world.files.glob("*.ta")
    raw = bytearray(path.read_bytes())
    raw[at] ^= 1
    path.write_bytes(raw)
    assert starts(world, uuid) == MAC_INVALID
    path.unlink()
    assert starts(world, uuid) == NOT_FOUND
