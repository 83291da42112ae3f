# SPDX-License-Identifier: BSD-2-Clause
"""Two processes of this system on one device at once: each waits for the other's transactions, and neither
takes anything from the other."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from elfhaven.image import ta
from elfhaven.packing import signer
from elfhaven.target.state import StateDirectory

from .. import probe
from .test_kill import Model, stored

ROUNDS = 12


class Worker:
    """A process with a workload of its own names, begun and not yet asked for anything."""

    def __init__(self, state: Path, uuid: UUID, name: str) -> None:
        words = [sys.executable, str(Path(__file__).with_name("workload.py")), str(state), str(uuid)]
        self.process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self.name = name
        assert self.process.stdout is not None
        assert self.process.stdout.read(1) == b"."

    def work(self, seed: int) -> Model:
        """Hands it its operations; what is left of its objects when they are done."""
        rng, model, lines = random.Random(seed), {}, []
        for index in range(ROUNDS):
            name, data = f"{self.name}{index % 4}", rng.randbytes(rng.choice((10, 4096, 9000)))
            model[name] = data
            lines.append(["put", name, f"0x{data.hex()}"])
        del model[f"{self.name}1"]
        lines.append(["remove", f"{self.name}1"])
        assert self.process.stdin is not None
        self.process.stdin.write("".join(json.dumps(line) + "\n" for line in lines).encode())
        self.process.stdin.close()
        return model

    def end(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        done, errors = self.process.stdout.read(), self.process.stderr.read()
        self.process.stdout.close()
        self.process.stderr.close()
        assert self.process.wait() == 0, errors.decode()
        assert len(done) == ROUNDS + 1


@pytest.mark.slow
def test_two_processes_on_one_device(tmp_path: Path) -> None:
    device, uuid = StateDirectory(tmp_path / "device"), uuid4()
    device.install(uuid, ta.sign(probe.image(uuid), uuid, signer("optee-default").key()))
    workers = [Worker(device.path, uuid, name) for name in ("one", "other")]
    models = [worker.work(seed) for seed, worker in enumerate(workers)]
    for worker in workers:
        worker.end()
    assert stored(device.path, uuid) == {**models[0], **models[1]}
