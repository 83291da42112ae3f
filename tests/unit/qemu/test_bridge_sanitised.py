# SPDX-License-Identifier: BSD-2-Clause
"""The bridge under AddressSanitizer, which zig does not bring: with this machine's own compiler."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from tests.unit.normal.conftest import place  # noqa: F401
from tests.unit.normal.test_agent import (  # noqa: F401
    test_directories,
    test_open_read_and_close,
    test_paths_are_bounded,
    test_rename_and_access,
    test_write_append_and_truncate,
)
from tests.unit.normal.test_paths import (  # noqa: F401
    test_dots_are_resolved_where_they_lead,
    test_links_inside_are_followed,
    test_links_out_are_refused,
)
from tests.unit.qemu.bridge_process import FAKE, ROOT
from tests.unit.qemu.test_bridge_agent import (  # noqa: F401
    requester,
    test_pieces_outside_the_areas_are_refused,
)
from tests.unit.qemu.test_bridge_cuts import (  # noqa: F401
    blocked,
    test_a_blocking_read_can_be_stopped,
    test_a_broken_rule_ends_the_connection,
    test_random_changes_never_crash_the_bridge,
)
from tests.unit.qemu.test_bridge_program import (  # noqa: F401
    begin,
    pipe,
    test_a_log_that_cannot_be_stored_ends_the_program,
    test_a_whole_window_crosses,
    test_large_reads_in_any_order_see_the_file_as_it_is,
    test_streams_are_the_callers,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler on this machine: the same tests run without AddressSanitizer")
    output = tmp_path_factory.mktemp("sanitised") / "bridge"
    sources = [path for path in (ROOT / "bridge").glob("*.c") if path.name != "tee.c"]
    flags = ["-std=c11", "-O1", "-g", "-D_GNU_SOURCE", "-fsanitize=address", f"-I{ROOT / 'bridge'}"]
    done = subprocess.run(
        [compiler, *flags, *sources, FAKE, "-o", output, "-lpthread"], capture_output=True, text=True
    )
    if "asan" in done.stderr and done.returncode:
        pytest.skip("the compiler of this machine has no AddressSanitizer")
    assert done.returncode == 0, done.stderr
    return output


@pytest.fixture(autouse=True)
def options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASAN_OPTIONS", "detect_leaks=0")  # a connection ends with its process
