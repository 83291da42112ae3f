# SPDX-License-Identifier: BSD-2-Clause
"""OP-TEE's own test suite on the emulator, against the same suite on the real OP-TEE under QEMU."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from bench.row import Row
from elfhaven.target.qemu.machine import Machine

MACHINE = "bench-xtest"
LAYOUTS = ("stock", "large")


@dataclass(frozen=True)
class Run:
    """A whole regression run: seconds, peak memory of the process in MB, xtest's own counts."""

    seconds: float
    memory: float
    cases: int
    subtests: int


def measure(work: Path, runs: int) -> list[Row]:
    """One run each, one after the other: the real one takes minutes. `runs` does not count here."""
    machine = Machine(MACHINE)
    machine.up("large", lambda line: print(line, file=sys.stderr))
    try:
        real = _run("--target", "qemu", "--name", MACHINE, "--memory", "large")
    finally:
        machine.down()
    ours = {layout: _run("--memory", layout) for layout in LAYOUTS}
    large = ours["large"]
    figures = f"emulator {large.seconds:.0f} s, real OP-TEE under QEMU {real.seconds:.0f} s"
    rows = [Row("xtest: regression, large", figures, f"{large.seconds / real.seconds:.2f} x QEMU", "<= 0.2")]
    for layout, run in ours.items():
        figures = f"{run.cases} cases, {run.subtests} subtests in {run.seconds:.0f} s"
        rows.append(Row(f"xtest: peak memory, {layout}", figures, f"{run.memory:.0f} MB", "< 600"))
    return rows


def _run(*words: str) -> Run:
    """`elfhaven xtest`; every case must pass. On the emulator the time is that of the whole command, start
    and end included; under QEMU it is that of xtest alone, on a machine that is on."""
    command = [sys.executable, "-m", "elfhaven", "xtest", "-t", "regression", "--json", *words]
    began = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        text = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - began
    found = json.loads(text or b"{}")
    if not found.get("passed"):
        raise SystemExit(f"bench: xtest {' '.join(words)} did not pass: status {process.returncode}")
    if "qemu" in words:
        seconds = sum(case["seconds"] for case in found["cases"])
    return Run(seconds, usage.ru_maxrss / 1024, found["counted"]["total"], found["subtests"]["total"])
