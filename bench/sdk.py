# SPDX-License-Identifier: BSD-2-Clause
"""What the SDK costs: a Python TA beside an ELF TA in the same emulator, sessions, and memory over many."""

from __future__ import annotations

import contextlib
import gc
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.unit.python_ta.tas import HelloWorld
from tests.unit.secure import probe
from tests.unit.secure.probe import Probe

from bench.row import Row
from bench.yardsticks import interleaved
from elfhaven.client import Context, MemRef, Value
from elfhaven.ta import python_ta
from elfhaven.target.emulator import Emulator
from elfhaven.target.state import StateDirectory

_INVOKES, _OPENS, _SESSIONS = 2000, 100, 1000


def measure(work: Path, runs: int) -> list[Row]:
    """Microseconds of an invoke and of a session, and what a thousand sessions leave in memory."""
    runs = max(runs, 5)
    with _both(work) as (tee, elf):
        with tee.open_session(elf) as native, tee.open_session(HelloWorld.uuid) as python:
            value, text, room = Value.inout(1, 2), MemRef.input(b"world"), MemRef.output(64)
            invoke = interleaved(
                runs,
                elf=lambda: _each(_INVOKES, lambda: native.invoke(Probe.ECHO, value)),
                python=lambda: _each(_INVOKES, lambda: python.invoke(0, value)),
                buffers=lambda: _each(_INVOKES, lambda: python.invoke(1, text, room)),
            )
        opened = interleaved(
            runs,
            elf=lambda: _each(_OPENS, lambda: tee.open_session(elf).close()),
            python=lambda: _each(_OPENS, lambda: tee.open_session(HelloWorld.uuid).close()),
        )
        grown = _growth(lambda: tee.open_session(HelloWorld.uuid).close())
    return [
        Row(
            "invoke of a Python TA",
            f"Python {invoke['python']:.0f} us, ELF {invoke['elf']:.0f} us",
            f"{invoke['python'] / invoke['elf']:.2f} x ELF",
            "3 x ELF",
        ),
        Row("with two buffers", f"Python {invoke['buffers']:.0f} us", ""),
        Row(
            "a session, opened and closed",
            f"Python {opened['python']:.0f} us, ELF {opened['elf']:.0f} us",
            f"{opened['python'] / opened['elf']:.2f} x ELF",
        ),
        Row(f"{_SESSIONS} sessions leave", f"{grown} KiB of resident memory", "", "0"),
    ]


@contextlib.contextmanager
def _both(work: Path) -> Iterator[tuple[Context, UUID]]:
    """A context on an emulator with the probe, which is an ELF TA, and a Python TA."""
    uuid, device = uuid4(), StateDirectory(work / "sdk")
    (device.path / "trusted").mkdir(exist_ok=True)
    pem = probe.key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (device.path / "trusted/probe.pem").write_bytes(pem)
    emulator = Emulator(device, images={uuid: probe.signed(uuid)}, hosted_tas=[python_ta(HelloWorld)])
    with Context(emulator) as tee:
        yield tee, uuid


def _each(count: int, work: Callable[[], object]) -> float:
    """Microseconds of one."""
    start = time.perf_counter()
    for _ in range(count):
        work()
    return (time.perf_counter() - start) / count * 1e6


def _growth(work: Callable[[], object]) -> int:
    """KiB that the process has grown by after _SESSIONS more, once it has had as many."""
    for _ in range(_SESSIONS):
        work()
    before = _resident()
    for _ in range(_SESSIONS):
        work()
    return _resident() - before


def _resident() -> int:
    gc.collect()
    words = Path("/proc/self/status").read_text().split()
    return int(words[words.index("VmRSS:") + 1])
