# SPDX-License-Identifier: BSD-2-Clause
"""Programs of the corpus on Debian's glibc, loaded by its dynamic linker: what signals and threads do there.

glibc asks for other calls than musl where it cancels threads, runs timers in threads and sends signals
between threads. The yardstick is Linux with musl: the programs print nothing that differs.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

import elfhaven
from elfhaven.packages import sysroot
from tests.conformance.programs import all_programs, fixture
from tests.conformance.test_corpus import MANIFEST, WHOLE
from tests.support import outside, zig

TARGET = "aarch64-linux-gnu.2.36"
FLAGS = ("-fPIE", "-pie", "-O1", "-w", "-fno-sanitize=all", "-lpthread")
LIBRARIES = 'libraries = ["/usr/lib/aarch64-linux-gnu/libgcc_s.so.1"]\n'  # pthread_cancel loads it
FAMILIES = ("signal", "queue_", "mask_", "interrupts_", "restarts_", "thread_")
SOME = (
    "cancels_waits",
    "handler_jumps_out_of_waits",
    "handlers_on_stacks_of_threads",
    "interrupts_sockets",
    "mask_ppoll",
    "queue_carries",
    "queue_timer_thread",
    "queue_waited_for_by_a_thread",
    "restarts_futex",
    "signal_cancels_thread",
    "signal_keeps_registers",
    "signalfd_waits",
    "thread_mutex_robust",
    "thread_sixty_four",
)
# glibc's sigwaitinfo says SI_USER for SI_TKILL; musl's, with which the yardstick is linked, does not
OTHERWISE = {"queue_waited_for"}
PROGRAMS = all_programs()
MORE = {name for name in PROGRAMS if WHOLE in os.environ and name.startswith(FAMILIES)} - OTHERWISE
CHOSEN = sorted({*SOME, *MORE})

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Debian's libc with room for the programs."""
    root = tmp_path_factory.mktemp("glibc") / "system"
    shutil.copytree(sysroot(("libc6", "libgcc-s1"), suite="trixie"), root, symlinks=True)
    (root / "usr/bin").mkdir(exist_ok=True)
    fixture.make(root.parent / "fixture")
    (root.parent / "elfhaven.toml").write_text(MANIFEST.replace("[files]\n", "[files]\n" + LIBRARIES))
    return root


def _fresh(system: Path, name: str) -> Path:
    place = system.parent / name
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(system.parent / "fixture", place, symlinks=True)
    return place


@pytest.mark.parametrize("name", CHOSEN)
def test_it_does_with_glibc_what_it_does_on_linux(name: str, system: Path) -> None:
    native = zig.compile_program(PROGRAMS[name], target=outside.native_target() or zig.AARCH64)
    data = system.parent / "fixture/data.txt"
    expected = outside.run([native], _fresh(system, "there"), data)
    shutil.copy(zig.compile_program(PROGRAMS[name], target=TARGET, flags=FLAGS), system / "usr/bin" / name)
    with data.open("rb") as given:
        seen = elfhaven.run(
            f"/usr/bin/{name}",
            manifest=system.parent / "elfhaven.toml",
            sysroot=system,
            memory="large",
            state=system.parent / "state",
            env={},
            cwd=_fresh(system, "inner"),
            stdin=given,
            capture=True,
        )
    assert seen.fault is None, seen.fault
    assert (seen.stdout, seen.status) == (expected.stdout, expected.status)
