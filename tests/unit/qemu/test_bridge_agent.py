# SPDX-License-Identifier: BSD-2-Clause
"""The bridge's agent does what the agent of this side does: the tests of that one, asked of the bridge."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.normal.conftest import place  # noqa: F401
from tests.unit.normal.delegation import Requester
from tests.unit.normal.test_agent import (  # noqa: F401
    test_a_file_without_a_name,
    test_control_words_are_no_data,
    test_directories,
    test_file_numbers_are_not_descriptors,
    test_numbers_too_large_for_the_host,
    test_open_read_and_close,
    test_paths_are_bounded,
    test_pwrite_keeps_the_offset,
    test_rename_and_access,
    test_set_status_flags,
    test_stat_is_arm64s,
    test_statx_by_path_and_by_file,
    test_unknown_and_undelegated_calls,
    test_write_append_and_truncate,
)
from tests.unit.normal.test_locks import (  # noqa: F401
    file,
    test_errors_are_the_kernels,
    test_truncating_by_path_keeps_the_locks,
    test_what_stands_in_the_way,
)
from tests.unit.normal.test_paths import (  # noqa: F401
    test_dots_are_resolved_where_they_lead,
    test_errors_are_linuxs_where_allowed,
    test_exclusive_creation_does_not_follow,
    test_links_inside_are_followed,
    test_links_out_are_refused,
    test_nothing_is_told_of_other_places,
    test_unlink_takes_the_link_and_not_its_target,
    test_writing_needs_its_own_rule,
)
from tests.unit.qemu.bridge_process import Start
from tests.unit.qemu.remote_ta import BridgeAgent

from elfhaven import manifest
from elfhaven.abi import linux
from elfhaven.abi.container import WINDOW_DEFAULT, RuleFlag, RuleKind
from elfhaven.calls.linux import LINUX
from elfhaven.normal.control import CONTROL_WITH_LOG, LOG_SIZE


@pytest.fixture
def requester(start: Start, place: Path) -> Iterator[Requester]:  # noqa: F811
    rules = (
        manifest.Rule(RuleKind.READ, f"{place}/in", RuleFlag.TREE),
        manifest.Rule(RuleKind.WRITE, f"{place}/out", RuleFlag.TREE),
    )
    agent = BridgeAgent(start(), manifest.Policy(rules=rules), str(place), trace=lambda line: None)
    yield Requester(agent)  # type: ignore[arg-type]
    agent.end()
    agent.close()
    assert agent.status == 0


@pytest.mark.parametrize("in_window", [False, True])
def test_pieces_outside_the_areas_are_refused(
    requester: Requester,
    place: Path,  # noqa: F811
    in_window: bool,
) -> None:
    flags = linux.O_RDWR | linux.O_CREAT
    assert requester.call("openat", [7, flags, 0o600], [f"{place}/out/f"], room=32) == 0
    number = LINUX.by_name("write").number
    size = WINDOW_DEFAULT if in_window else CONTROL_WITH_LOG - LOG_SIZE
    for start, length in [(size - 4, 8), (0xFFFF_FFFF, 2), (8, 0xFFFF_FFFF), (size + 1, 0), (size, 1)]:
        words = [7, length, 0, 0, 0, 0]
        requester.write(0, number, words, in_window, start, length, 0, [(0, 0), (0, 0)])
        requester.agent.serve(requester.block, requester.window, 1)
        assert requester.answer()[1] == -linux.EINVAL
    words = [7, 8, 0, 0, 0, 0]
    requester.write(0, number, words, in_window, size - 8, 8, 0, [(0, 0), (0, 0)])
    requester.agent.serve(requester.block, requester.window, 1)
    assert requester.answer()[1] == 8
    assert (place / "out/f").stat().st_size == 8
