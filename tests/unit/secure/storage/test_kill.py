# SPDX-License-Identifier: BSD-2-Clause
"""A process with a storage workload is killed at random moments: what was committed stays, nothing is half
there.

`ELFHAVEN_KILLS=500` makes it as many as that; `ELFHAVEN_SEED` repeats a run.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from elfhaven.image import ta
from elfhaven.packing import signer
from elfhaven.sdk.storage import objects, show, verify
from elfhaven.target.state import StateDirectory

from .. import probe

KILLS = int(os.environ.get("ELFHAVEN_KILLS", "12"))
OPERATIONS = 40
NAMES = [f"name{n}" for n in range(5)]
Model = dict[str, bytes]
Operation = list[str | int]


def choose(rng: random.Random, model: Model) -> Operation:
    """An operation that can be done, done to the model."""
    size = rng.choice((0, 1, 100, 4096, 9000))
    data = rng.randbytes(size)
    name = rng.choice(NAMES)
    verb = rng.choice(("put", "put", "write", "truncate", "rename", "remove"))
    if verb == "put" or name not in model:
        model[name] = data
        return ["put", name, f"0x{data.hex()}"]
    old = model[name]
    if verb == "write":
        position = rng.randrange(12000)
        model[name] = (old.ljust(position, b"\0") if data else old)[:position] + data + old[position + size :]
        return ["write", name, position, f"0x{data.hex()}"]
    if verb == "truncate":
        length = rng.choice((0, len(old) // 2, 9000)) if len(old) < 8000 else 0
        model[name] = old[:length].ljust(length, b"\0")
        return ["truncate", name, length]
    del model[name]
    free = [other for other in NAMES if other not in model and other != name]
    if verb == "rename" and free:
        model[free[0]] = old
        return ["rename", name, free[0]]
    return ["remove", name]


def stored(state: Path, uuid: UUID) -> Model:
    """What is on disk, with everything verified."""
    assert all(finding.good for finding in verify(state)), verify(state)
    found = [each.id for each in objects(state) if each.owner == str(uuid)]
    return {name: bytes.fromhex(show(state, name, str(uuid))[0].data or "") for name in found}


@pytest.mark.slow
def test_killed_at_random_moments(tmp_path: Path) -> None:
    seed = int(os.environ.get("ELFHAVEN_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)
    print(f"ELFHAVEN_SEED={seed}")
    rng = random.Random(seed)
    device, uuid = StateDirectory(tmp_path / "device"), uuid4()
    device.install(uuid, ta.sign(probe.image(uuid), uuid, signer("optee-default").key()))
    model: Model = {}
    longest, killed, in_the_middle, rolled_on = 0.0, 0, 0, 0
    while killed < KILLS:
        states = [model]
        operations = []
        for _ in range(OPERATIONS):
            changed = dict(states[-1])
            operations.append(choose(rng, changed))
            states.append(changed)
        moment = rng.uniform(0, longest) if longest else None
        done, seconds, alive = run(device.path, uuid, operations, moment)
        if not alive:
            longest = seconds
            assert done == len(operations) + 1
        killed += alive
        model = stored(device.path, uuid)
        begun = max(done - 1, 0)
        possible = states[begun : begun + 2]
        assert model in possible, explain(seed, model, possible, operations[begun : begun + 1])
        if alive and not killed % 50:
            print(f"{killed} kills", flush=True)
        in_the_middle += alive and 0 < done <= len(operations)
        rolled_on += len(possible) == 2 and model == possible[1] != possible[0]
    print(
        f"{killed} kills, {in_the_middle} in the workload, {rolled_on} after a commit that was not reported"
    )
    assert in_the_middle


def explain(seed: int, model: Model, possible: list[Model], during: list[Operation]) -> str:
    """What is there, what could be, and the operation in which the process died."""
    sizes = [
        {name: (len(data), hash(data)) for name, data in sorted(state.items())}
        for state in (model, *possible)
    ]
    return f"seed {seed}: found {sizes[0]}, not one of {sizes[1:]}, in {str(during)[:80]}"


def run(
    state: Path, uuid: UUID, operations: list[Operation], moment: float | None
) -> tuple[int, float, bool]:
    """Start the process and kill it so many seconds after its first operation began, or let it end.

    Bytes that it wrote, seconds from then on that it lived, whether it was killed.
    """
    words = [sys.executable, str(Path(__file__).with_name("workload.py")), str(state), str(uuid)]
    text = "".join(json.dumps(operation) + "\n" for operation in operations).encode()
    source = state.parent / "operations"
    source.write_bytes(text)
    with source.open("rb") as feed, (state.parent / "errors").open("w+b") as errors:
        process = subprocess.Popen(words, stdin=feed, stdout=subprocess.PIPE, stderr=errors, bufsize=0)
        assert process.stdout is not None
        first = process.stdout.read(1) or b""
        begin = time.monotonic()
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            process.kill()
        written = first + process.stdout.readall()  # type: ignore[attr-defined]
        seconds = time.monotonic() - begin
        process.stdout.close()
        status = process.wait()
        errors.seek(0)
        assert status in (0, -9), errors.read().decode()
    return len(written), seconds, status == -9
