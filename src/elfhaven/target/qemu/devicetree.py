# SPDX-License-Identifier: BSD-2-Clause
"""The device tree that the machine is described by: QEMU's own, with Linux's command line and initramfs."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from elfhaven.errors import TargetError
from elfhaven.target.qemu.parts import Tools


def device_tree(
    tools: Tools, machine: Sequence[str], output: Path, bootargs: str, initrd: tuple[int, int]
) -> None:
    """Writes `output`. `machine`: the options that decide what QEMU puts in; `initrd`: address and bytes."""
    board, *rest = machine[1:]
    _run(tools, ["qemu-system-aarch64", machine[0], f"{board},dumpdtb={output}", *rest])
    start, size = initrd
    _run(tools, ["fdtput", "-t", "s", str(output), "/chosen", "bootargs", bootargs])
    for name, address in (("linux,initrd-start", start), ("linux,initrd-end", start + size)):
        _run(
            tools,
            [
                "fdtput",
                "-t",
                "x",
                str(output),
                "/chosen",
                name,
                f"{address >> 32:x}",
                f"{address & 0xFFFFFFFF:x}",
            ],
        )


def _run(tools: Tools, command: list[str]) -> None:
    done = subprocess.run(
        command,
        env=tools.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
    )
    if done.returncode:
        raise TargetError(f"{command[0]} failed: {done.stderr.strip() or done.returncode}")
