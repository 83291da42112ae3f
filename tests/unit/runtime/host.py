# SPDX-License-Identifier: BSD-2-Clause
"""The runtime's C built for this machine, its pure functions called one by one."""

from __future__ import annotations

import ctypes
import itertools
import mmap
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tools"))

import build_runtime  # noqa: E402
from elfhaven.abi.container import CONFIG  # noqa: E402

SVC = ctypes.CFUNCTYPE(ctypes.c_uint32, *[ctypes.c_uint64] * 6)
MAP_FIXED_NOREPLACE = 0x100000
U64 = ctypes.c_uint64
ZONE_SIZE = 8 << 30
ZONES = itertools.count(0x2000_0000_0000, 2 * ZONE_SIZE)  # addresses that nothing else takes


def build(directory: Path) -> Path:
    """The shared library, from every C file of the runtime and the stand-in for its assembly."""
    target = directory / "runtime.so"
    sources = [path for path in build_runtime.RUNTIME.glob("*.c") if path.name != "string.c"]
    build_runtime.zig(
        "cc",
        "-shared",
        "-fPIC",
        "-O1",
        "-g0",
        "-DEH_HOST",
        "-ffreestanding",
        "-fno-builtin",
        "-fno-sanitize=all",
        "-fno-stack-protector",
        "-nostdlib",
        f"-I{build_runtime.RUNTIME}",
        *sources,
        build_runtime.RUNTIME / "string.c",
        Path(__file__).with_name("host.c"),
        "-o",
        target,
    )
    return target


class Host:
    """The library, with a core that gives memory (MAP_ZI) up to `memory` bytes and nothing else."""

    def __init__(self, library: Path, memory: int = 1 << 40) -> None:
        self.lib = ctypes.CDLL(str(library))
        self.memory = memory
        self.zone = next(ZONES)
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._libc.mmap.restype = ctypes.c_void_p
        self._libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
        self._svc = SVC(self._serve)
        ctypes.c_void_p.in_dll(self.lib, "host_svc").value = ctypes.cast(self._svc, ctypes.c_void_p).value
        self.lib.host_begin()

    def _serve(self, number: int, a0: int, a1: int, a2: int, a3: int, a4: int) -> int:
        if number == 5:
            ctypes.c_uint32.from_address(a3).value = 1
            return 0
        if number != 7 or a2 != 2:
            return 0xFFFF000A
        words = (U64 * 9).from_address(a3)
        size, at = words[1], (words[3] << 32 | words[4]) or self.zone
        if size > self.memory or not self.zone <= at < self.zone + ZONE_SIZE:
            return 0xFFFF000C
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | MAP_FIXED_NOREPLACE
        if self._libc.mmap(at, size, 3, flags, -1, 0) != at:
            return 0xFFFF000C
        self.memory -= size
        words[3], words[4] = at >> 32, at & 0xFFFFFFFF
        return 0

    def config(self, **values: int) -> None:
        """Sets fields of eh_config."""
        at = ctypes.addressof(ctypes.c_char.in_dll(self.lib, "eh_config"))
        for name, value in values.items():
            kind = {field: kind for kind, field in CONFIG.fields}[name]
            ctype = U64 if kind == "u64" else ctypes.c_uint32
            ctype.from_address(at + CONFIG.offset(name)).value = value

    def base(self) -> int:
        return ctypes.addressof(ctypes.c_char.in_dll(self.lib, "ta_head"))

    def call(self, name: str, *args: int) -> int:
        """A Linux call's handler: its result, negative for an errno."""
        context = ctypes.c_uint64.in_dll(self.lib, "host_context")
        registers = (U64 * 8).from_address(ctypes.addressof(context))
        for index in range(8):
            registers[index] = args[index] & (1 << 64) - 1 if index < len(args) else 0
        handler = getattr(self.lib, f"sys_{name}")
        handler.restype = ctypes.c_int64
        return int(handler(ctypes.c_void_p(ctypes.addressof(context))))
