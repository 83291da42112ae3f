# SPDX-License-Identifier: BSD-2-Clause
"""The bridge itself, built for this machine around a fake TEE, at the other end of a socket pair."""

from __future__ import annotations

import importlib.util
import os
import platform
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from tests.support import zig

from elfhaven.target.qemu.port import SocketStream

ROOT = Path(__file__).resolve().parents[3]
UNDEFINED = ("-fsanitize=undefined", "-fno-sanitize-trap=undefined", "-g")  # a violation ends the process
FAKE = Path(__file__).with_name("fake_tee.c")


def tool(name: str) -> ModuleType:
    """A module of tools/."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def build(output: Path) -> Path:
    """The bridge for this machine, with the fake in place of the kernel's TEE."""
    cache = str(zig.cache() / "zig")
    before = dict(os.environ)
    os.environ.update(ZIG_GLOBAL_CACHE_DIR=cache, ZIG_LOCAL_CACHE_DIR=cache)
    try:
        target = f"{platform.machine()}-linux-musl"
        tool("build_bridge").build(output, target, {"tee.c": FAKE}, UNDEFINED)
    finally:
        os.environ.clear()
        os.environ.update(before)
    return output


class BridgeProcess:
    """A running bridge. `stream` is this end of the connection; `ends()` is its exit status."""

    def __init__(self, program: Path, directory: Path, *ports: str) -> None:
        ours, theirs = socket.socketpair()
        self.ta, far = socket.socketpair()  # where a test is the TA
        with theirs, far:
            self.process = subprocess.Popen(
                [program, directory, *ports],
                stdin=theirs,
                stdout=theirs,
                pass_fds=[far.fileno()],
                env={**os.environ, "FAKE_TA": str(far.fileno())},
            )
        self.socket = ours
        self.stream = SocketStream(ours)

    def ends(self, seconds: float = 5.0) -> int:
        return self.process.wait(seconds)

    def close(self) -> None:
        self.stream.close()
        self.ta.close()
        try:
            self.process.wait(5)
        finally:
            self.process.kill()
            self.process.wait()


Start = Callable[[], BridgeProcess]
