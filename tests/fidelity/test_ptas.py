# SPDX-License-Identifier: BSD-2-Clause
"""PTAs, kinds of TA files and the loader's later work, on the real OP-TEE and on the emulator."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from elfhaven.abi import ta_image as abi
from elfhaven.image import ta
from elfhaven.normal.client import MemRef, Value
from tests.unit.secure import probe
from tests.unit.secure.probe import PRIVATE, Probe
from tests.unit.secure.test_libraries import thread_local
from tests.unit.secure.test_loader import LIBRARY, linked

from .places import Ended, Place, ProbeSession, ended, install_probe, key

Both = Callable[[Callable[[Place], object]], object]
STATS = UUID("d96a5b40-e2c7-b1af-8794-1002a5d5c61b")
DEVICE = UUID("7011a688-ddde-4053-a5a9-7b3c4ddf13b8")
SYSTEM = UUID("3a2f8978-5dc0-11e8-9c2d-fa7ae01bbebc")


def test_ptas_answer_alike(both: Both) -> None:
    """Results and origins; figures are each place's own."""

    def play(place: Place) -> list[Ended]:
        with place.context.open_session(STATS) as stats, place.context.open_session(DEVICE) as device:
            return [
                ended(lambda: place.context.open_session(SYSTEM)),
                *(ended(lambda n=n: stats.invoke(n)) for n in range(8)),  # type: ignore[misc]
                ended(lambda: stats.invoke(1, Value(0), MemRef.output(8))),
                ended(lambda: stats.invoke(1, Value(0), MemRef.output(1024))),
                ended(lambda: stats.invoke(1, Value(9), MemRef.output(1024))),
                ended(lambda: stats.invoke(4, Value.output(), Value.output())),
                ended(lambda: stats.invoke(5, Value(0))),
                ended(lambda: stats.invoke(5, Value(7))),
                ended(lambda: device.invoke(0)),
                ended(lambda: device.invoke(9, MemRef.output(64))),
                ended(lambda: device.invoke(0, MemRef.output(256))),
            ]

    both(play)


def test_the_system_pta_answers_alike(both: Both) -> None:
    """Every command with no parameters, and with those of its types that are empty."""

    def play(place: Place) -> list[object]:
        session = ProbeSession(place, install_probe(place))
        out: list[object] = []
        session.run(Probe.SCRATCH)
        scratch = session.word()
        session.memory.view[49152:49168] = SYSTEM.bytes_le
        session.run(Probe.COPY, PRIVATE | 256, 9 << 60 | 49152, 16)
        out.append(session.svc(5, PRIVATE | 256, 0xFFFFFFFF, PRIVATE | 512, PRIVATE | 1024, PRIVATE | 1028))
        session.run(Probe.COPY, 9 << 60 | 49152, PRIVATE | 1024, 4)
        handle = int.from_bytes(session.memory.view[49152:49156], "little")
        types = (0, 0x5, 0x65, 0x131, 0x11, 0x15, 0x255, 0x6, 0x2715)
        for command in (*range(15), 99):
            for kind in types:
                words = (kind, *[0] * 8) if kind != 0x65 else (kind, scratch, 4, scratch + 64, 40)
                raw = b"".join(word.to_bytes(8, "little") for word in words).ljust(72, b"\0")
                session.memory.view[49152:49224] = raw
                session.run(Probe.COPY, PRIVATE | 512, 9 << 60 | 49152, 72)
                out.append(
                    (
                        command,
                        kind,
                        session.svc(7, handle, 0xFFFFFFFF, command, PRIVATE | 512, PRIVATE | 1028),
                    )
                )
        session.close()
        return out

    both(play)


def test_properties_are_alike(both: Both) -> None:
    """Their number, types and names, in each set."""

    def play(place: Place) -> list[object]:
        session = ProbeSession(place, install_probe(place))
        out: list[object] = []
        for group in (0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFC):
            for index in range(15):
                session.memory.view[49152:49160] = (64).to_bytes(4, "little") * 2
                session.run(Probe.COPY, PRIVATE | 512, 9 << 60 | 49152, 8)
                place_of = (PRIVATE | 1024, PRIVATE | 512, PRIVATE | 2048, PRIVATE | 516, PRIVATE | 520)
                result = session.svc(3, group, index, *place_of)
                session.run(Probe.COPY, 9 << 60 | 49152, PRIVATE | 512, 12)
                session.run(Probe.COPY, 9 << 60 | 49164, PRIVATE | 1024, 64)
                view = bytes(session.memory.view[49152 : 49164 + 64])
                name = view[12:].split(b"\0")[0] if not result else b""
                out.append((group, index, result, name, view[8:12] if not result else b""))
        session.close()
        return out

    both(play)


@pytest.mark.parametrize("kind", ["library", "thread-local", "descriptors"])
def test_linked_tas_run_alike(both: Both, kind: str) -> None:
    if kind == "library":
        program, library = linked("linked.c", "library.c"), linked("library.c")
    else:
        model = "initial-exec" if kind == "thread-local" else "global-dynamic"
        program, library = thread_local(f"-ftls-model={model}")

    def play(place: Place) -> object:
        uuid = uuid4()
        place.install(uuid, ta.sign(program, uuid, key()))
        place.install(LIBRARY, ta.sign(library, LIBRARY, key()))
        with place.context.open_session(uuid) as session:
            values = session.invoke(0, Value.inout(), Value.inout())
        return [(value.a, value.b) for value in values if isinstance(value, Value)]

    both(play)


def test_kinds_of_files_are_taken_alike(both: Both) -> None:
    """A legacy file, versions that fall, and flags that there are not."""

    def play(place: Place) -> list[Ended]:
        import hashlib

        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import utils

        def opened(uuid: UUID, data: bytes) -> Ended:
            place.install(uuid, data)
            return ended(lambda: place.context.open_session(uuid).close())

        legacy, versioned, flagged, crashed = (uuid4() for _ in range(4))
        elf, algorithm = probe.image(legacy), ta.Algorithm.RSASSA_PKCS1_PSS_MGF1_SHA256
        raw = abi.SHDR.pack(abi.SHDR_MAGIC, 0, len(elf), algorithm, 32, key().key_size // 8)
        digest = hashlib.sha256(raw + elf).digest()
        signature = key().sign(digest, algorithm.padding, utils.Prehashed(hashes.SHA256()))
        out = [opened(legacy, raw + digest + signature + elf)]
        for version in (2, 1, 2, 0, 3):
            image = probe.image(versioned)
            out.append(opened(versioned, ta.sign(image, versioned, key(), ta_version=version)))
        for bit in (11, 12, 13, 14, 20):
            out.append(opened(flagged, ta.sign(probe.image(flagged, flags=1 << bit), flagged, key())))
        place.install(crashed, ta.sign(probe.image(crashed, flags=1 << 2 | 1 << 4 | 1 << 13), crashed, key()))
        first = ProbeSession(place, crashed)
        first.run(Probe.SVC, 2, 7)
        first.close()
        out.append(ended(lambda: place.context.open_session(crashed).close()))
        return out

    both(play)
