# SPDX-License-Identifier: BSD-2-Clause
"""What a machine is made of, from Debian's archive: fetched by apt, checked by apt, unpacked in the cache.

Guest packages are those of trixie for arm64. Tools are those of the host's own release, with what they depend
on and the host has not installed. Sources are pinned to a version.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from elfhaven.errors import PackageError
from elfhaven.packages import fetch, fetch_source, fetched, host_architecture, host_suite, private_apt
from elfhaven.target.qemu.cache import cache_directory, digest, make_once

SUITE: Final = "trixie"
GUEST: Final = (
    "optee-os",
    "optee-os-dev",
    "optee-test-qemu",
    "tee-supplicant",
    "libteec2",
    "libckteec0t64",
    "busybox-static",
    "libc6",
    "libgcc-s1",
    "libssl3t64",
    "libzstd1",
    "zlib1g",
)
KERNEL: Final = "linux-image-cloud-arm64"
EMULATOR: Final = ("qemu-system-arm", "device-tree-compiler")
TFA: Final = ("arm-trusted-firmware", "2.12.1+dfsg-1", "trixie")
OPTEE: Final = ("optee-os", "4.10.0-2", "sid")

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Tools:
    """Programs of the host's architecture, unpacked and not installed."""

    tree: Path

    @property
    def environment(self) -> dict[str, str]:
        """This process's environment, in which the tools and their libraries are found."""
        libraries = [str(path) for path in sorted(self.tree.glob("**/lib/*-linux-gnu")) if path.is_dir()]
        before = os.environ.get("LD_LIBRARY_PATH")
        return {
            **os.environ,
            "PATH": f"{self.tree / 'usr/bin'}:{os.environ.get('PATH', os.defpath)}",
            "LD_LIBRARY_PATH": ":".join([*libraries, *([before] if before else [])]),
            "LC_ALL": "C",
        }

    @property
    def name(self) -> str:
        """Stands for the tools' exact content."""
        return self.tree.name


def emulator(report: Report) -> Tools:
    """QEMU for arm64 and the device tree tools."""
    return _tools("the emulator", EMULATOR, report)


def debugger(report: Report) -> Tools:
    """gdb for programs of other architectures."""
    return _tools("gdb", ("gdb-multiarch",), report)


def compiler(report: Report) -> Tools:
    """make and a C compiler for arm64."""
    cross = "gcc" if host_architecture() == "arm64" else "gcc-aarch64-linux-gnu"
    return _tools("a cross compiler", (cross, "make", "device-tree-compiler"), report)


def guest(report: Report) -> Path:
    """The tree with OP-TEE, its test suite, the supplicant, Linux and what they need."""
    return _obtain("OP-TEE, Linux and their tools", "guest", SUITE, "arm64", _guest_plan, report)


def extras(packages: Sequence[str], report: Report) -> tuple[Path, ...]:
    """Trees of `packages` with all they depend on and the guest has not; none where none is wanted."""
    if not packages:
        return ()
    what = ", ".join(packages)
    return (
        _obtain(what, f"with-{','.join(packages)}", SUITE, "arm64", lambda: _extra_plan(packages), report),
    )


def source(package: tuple[str, str, str], report: Report) -> Path:
    """The unpacked upstream source of a pinned package."""
    name, version, suite = package

    def announce(size: int) -> None:
        report(f"fetching the source of {name} {version} (Debian {suite}), {size / 1e6:.0f} MB")

    return fetch_source(name, version, suite=suite, announce=announce)


@dataclass(frozen=True, slots=True)
class Plan:
    """Packages to fetch, and the bytes of their files."""

    packages: tuple[str, ...]
    size: int


def _tools(what: str, packages: Sequence[str], report: Report) -> Tools:
    suite, architecture = host_suite(), host_architecture()

    def resolve() -> Plan:
        apt = private_apt(suite, architecture)
        apt.update()
        missing = apt.missing(*packages)
        return Plan(tuple(item.package for item in missing), sum(item.size for item in missing))

    return Tools(_obtain(what, "-".join(packages), suite, architecture, resolve, report))


def _guest_plan() -> Plan:
    apt = private_apt(SUITE, "arm64")
    apt.update()
    kernel = re.search(r"^Depends:.*?(linux-image-\S+-cloud-arm64)\b", apt.show(KERNEL), re.MULTILINE)
    if kernel is None:
        raise PackageError(
            f"{KERNEL} of {SUITE} names no kernel", "this version of elfhaven is too old for it"
        )
    packages = (*GUEST, kernel[1])
    sizes = re.findall(r"^Size: (\d+)$", apt.show(*packages), re.MULTILINE)
    return Plan(packages, sum(map(int, sizes)))


def _extra_plan(packages: Sequence[str]) -> Plan:
    apt = private_apt(SUITE, "arm64")
    apt.update()
    lacked = [item for item in apt.needed(*packages) if item.package not in GUEST]
    return Plan(tuple(item.package for item in lacked), sum(item.size for item in lacked))


def _obtain(
    what: str, name: str, suite: str, architecture: str, resolve: Callable[[], Plan], report: Report
) -> Path:
    """The tree of a plan. A plan is kept with its tree: the machine stays while the archive moves on."""
    key = digest(name, suite, architecture, *GUEST)
    kept = cache_directory() / f"plan-{key}"
    tree = _kept(kept, suite, architecture)
    if tree is not None:
        return tree
    shutil.rmtree(kept, ignore_errors=True)
    plan = resolve()
    report(f"fetching {what}: {len(plan.packages)} packages of Debian {suite}, {plan.size / 1e6:.0f} MB")
    tree = fetch(plan.packages, suite=suite, architecture=architecture)
    make_once("plan", key, lambda directory: _keep(directory, plan))
    return tree


def _keep(directory: Path, plan: Plan) -> None:
    (directory / "plan.json").write_text(json.dumps(plan.packages))


def _kept(kept: Path, suite: str, architecture: str) -> Path | None:
    try:
        packages = json.loads((kept / "plan.json").read_text())
    except (OSError, ValueError):
        return None
    return fetched(packages, suite=suite, architecture=architecture)
