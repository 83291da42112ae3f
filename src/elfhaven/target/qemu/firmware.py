# SPDX-License-Identifier: BSD-2-Clause
"""The flash image: TF-A's boot loaders for QEMU's virt board, built from source, and an OP-TEE behind them.

Linux stands in for BL33 and is placed in memory by QEMU, so that there is no U-Boot and no UEFI. OP-TEE comes
as the three binaries of its "v2" format.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from elfhaven.errors import TargetError
from elfhaven.packages import bound
from elfhaven.target.qemu import fip, parts
from elfhaven.target.qemu.cache import digest, make_once
from elfhaven.target.qemu.parts import Report, Tools

KERNEL_AT: Final = 0x60000000
_FORMAT: Final = "1"  # counts changes of what is made from the same parts
_OPTIONS: Final = (
    "PLAT=qemu",
    "SPD=opteed",
    "BL32_RAM_LOCATION=tdram",
    "QEMU_USE_GIC_DRIVER=QEMU_GICV3",  # Debian's OP-TEE is built for GICv3
    "ARM_LINUX_KERNEL_AS_BL33=1",
    f"PRELOADED_BL33_BASE={KERNEL_AT:#x}",
    "DEBUG=0",
    "LOG_LEVEL=20",
)
_PLATFORM: Final = "plat/qemu/qemu/include/platform_def.h"
_LINES_SHOWN: Final = 15


@dataclass(frozen=True, slots=True)
class SecureDram:
    """Memory that is called secure: where it begins, and its bytes."""

    base: int
    size: int


@dataclass(frozen=True, slots=True)
class OpteeBinaries:
    """An OP-TEE as TF-A loads it. `dram`: where it lives, unless in the board's own secure memory."""

    header: Path
    pager: Path
    pageable: Path
    dram: SecureDram | None = None

    @classmethod
    def in_directory(cls, path: Path, dram: SecureDram | None = None) -> OpteeBinaries:
        header, pager, pageable = (path / f"tee-{name}_v2.bin" for name in ("header", "pager", "pageable"))
        return cls(header, pager, pageable, dram)

    @property
    def files(self) -> tuple[Path, Path, Path]:
        return self.header, self.pager, self.pageable


def flash_image(optee: OpteeBinaries, report: Report) -> Path:
    """The file from which the machine starts; built at first use."""
    content = (file.read_bytes() for file in optee.files)
    key = digest(_FORMAT, *parts.TFA, *_OPTIONS, repr(optee.dram), *content)

    def make(directory: Path) -> None:
        source, tools = parts.source(parts.TFA, report), parts.compiler(report)
        report("building the boot loaders (TF-A)")
        tree = directory / "source"
        shutil.copytree(source, tree, symlinks=True)
        _place(tree, optee.dram)
        built = _build(tree, directory / "build", optee, tools)
        (directory / "flash.bin").write_bytes(_flash(built, optee))
        shutil.rmtree(tree)
        shutil.rmtree(directory / "build")

    return make_once("flash", key, make) / "flash.bin"


def run_make(directory: Path, arguments: list[str], tools: Tools, what: str) -> None:
    """make, quietly. Raises TargetError with the last lines of its output."""
    try:
        done = subprocess.run(
            bound(["make", "-C", str(directory), "-j2", "CROSS_COMPILE=aarch64-linux-gnu-", *arguments]),
            env=tools.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
    except OSError as error:
        raise TargetError(f"{what} cannot be built: make: {error.strerror}") from None
    if done.returncode:
        tail = "\n    ".join(done.stdout.splitlines()[-_LINES_SHOWN:])
        raise TargetError(f"building {what} failed:\n    {tail}")


def _build(tree: Path, output: Path, optee: OpteeBinaries, tools: Tools) -> Path:
    binaries = zip(("BL32", "BL32_EXTRA1", "BL32_EXTRA2"), optee.files, strict=True)
    named = [f"{name}={path}" for name, path in binaries]
    run_make(tree, [*_OPTIONS, *named, f"BUILD_BASE={output}", "bl1", "bl2", "bl31"], tools, "TF-A")
    return output / "qemu" / "release"


def _place(tree: Path, dram: SecureDram | None) -> None:
    """Tells TF-A where the secure memory lies: two lines of the platform's header."""
    if dram is None:
        return
    header = tree / _PLATFORM
    lines = header.read_text().splitlines()
    for name, value in (("SEC_DRAM_BASE", dram.base), ("SEC_DRAM_SIZE", dram.size)):
        at = [i for i, line in enumerate(lines) if line.split()[:2] == ["#define", name]]
        if len(at) != 1:
            raise TargetError(f"{_PLATFORM} defines {name} {len(at)} times")
        lines[at[0]] = f"#define {name}\t\t\t{value:#x}"
    header.write_text("\n".join(lines) + "\n")


def _flash(built: Path, optee: OpteeBinaries) -> bytes:
    images = [(fip.BL2, built / "bl2.bin"), (fip.BL31, built / "bl31.bin")]
    images += zip((fip.BL32, fip.BL32_EXTRA1, fip.BL32_EXTRA2), optee.files, strict=True)
    return fip.flash((built / "bl1.bin").read_bytes(), [(uuid, path.read_bytes()) for uuid, path in images])
