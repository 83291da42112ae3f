# SPDX-License-Identifier: BSD-2-Clause
"""The corpus's programs that touch files do the same with the bridge's agent as with the agent of this side.

The programs run in the emulator; only who performs their delegated calls differs.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.conformance.programs import fixture
from tests.support import zig
from tests.support.bridge_agent import programs
from tests.unit.qemu.bridge_process import BridgeProcess
from tests.unit.qemu.remote_ta import BridgeAgent

from elfhaven.manifest import Policy, decode
from elfhaven.normal.agent import Agent
from elfhaven.normal.policy import RootPolicy
from elfhaven.normal.process import Process
from elfhaven.sdk.packaging import pack_program
from elfhaven.target.emulator import Emulator
from elfhaven.target.state import StateDirectory

PROGRAMS = programs()
SAMPLE = sorted(PROGRAMS)[::2]
MANIFEST = '[files]\nread = ["./"]\nwrite = ["./"]\n'
Streams = tuple[int, int, int]
pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Seen:
    stdout: bytes
    stderr: bytes
    status: int
    files: object


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("corpus")
    fixture.make(root / "fixture")
    (root / "elfhaven.toml").write_text(MANIFEST)
    return root


@contextmanager
def _here(policy: Policy, place: Path, streams: Streams) -> Iterator[Agent]:
    agent = Agent(RootPolicy.of(policy, str(place)), streams=streams)
    yield agent
    agent.close()


def _there(program: Path, work: Path) -> Callable[[Policy, Path, Streams], object]:
    @contextmanager
    def agent(policy: Policy, place: Path, streams: Streams) -> Iterator[BridgeAgent]:
        bridge = BridgeProcess(program, work)
        made = BridgeAgent(bridge, policy, str(place), streams)
        yield made
        made.end()
        made.close()
        bridge.close()

    return agent


def _run(source: str, room: Path, agent_of: Callable[..., object]) -> Seen:
    place = room / "place"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(room / "fixture", place, symlinks=True)
    packed = pack_program(zig.compile_program(source), room / "elfhaven.toml")
    policy = decode(packed.policy)
    out, err = room / "out", room / "err"
    with (
        (room / "fixture" / "data.txt").open("rb") as stdin,
        out.open("wb") as stdout,
        err.open("wb") as stderr,
        agent_of(policy, place, (stdin.fileno(), stdout.fileno(), stderr.fileno())) as agent,  # type: ignore[attr-defined]
        Emulator(
            StateDirectory(str(room / "state")), images={packed.uuid: packed.path.read_bytes()}
        ) as device,
        device.context.open_session(packed.uuid) as session,
    ):
        status = Process(session, agent).run(["program", "a", "b c", ""], {}, str(place))
    return Seen(out.read_bytes(), err.read_bytes(), status, fixture.snapshot(place))


@pytest.mark.parametrize("name", SAMPLE)
def test_the_same_with_either_agent(name: str, room: Path, program: Path, tmp_path: Path) -> None:
    before = set(os.listdir("/proc/self/fd"))
    here = _run(PROGRAMS[name], room, _here)
    there = _run(PROGRAMS[name], room, _there(program, tmp_path))
    assert there == here
    assert set(os.listdir("/proc/self/fd")) == before


def test_the_sample_has_its_size() -> None:
    assert len(SAMPLE) >= 50
