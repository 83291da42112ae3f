# SPDX-License-Identifier: BSD-2-Clause
"""[programs] and `pipes`: from the manifest into the blob and back, and what is refused."""

from __future__ import annotations

from uuid import UUID

import pytest

from elfhaven.abi.container import RuleFlag
from elfhaven.errors import ManifestError
from elfhaven.manifest import Manifest, Policy, Program, compile_policy, decode, loads
from elfhaven.manifest.compiled import encode

SORT, LOCAL = UUID(int=1 << 100 | 5), UUID(int=7)
UUIDS = {"sort.ta": SORT, "sub/x.ta": LOCAL}
TEXT = 'pipes = "open"\n[programs]\n"/usr/bin/sort" = "sort.ta"\n"bin/x" = "sub/x.ta"\n'


def test_a_manifest_with_programs_comes_back() -> None:
    policy = decode(compile_policy(loads(TEXT), programs=UUIDS))
    assert policy.pipes_open
    assert policy.programs == (
        Program("/usr/bin/sort", SORT, "sort.ta"),
        Program("bin/x", LOCAL, "sub/x.ta", RuleFlag.RELATIVE),
    )


def test_without_a_word_there_are_none() -> None:
    policy = decode(compile_policy(Manifest()))
    assert (policy.programs, policy.pipes_open) == ((), False)


def test_a_program_is_found_by_its_very_path() -> None:
    policy = decode(compile_policy(loads(TEXT), programs=UUIDS))
    found = {
        path: policy.program(path, "/home/a")
        for path in ("/usr/bin/sort", "/usr/bin/../bin//sort", "/home/a/bin/x", "/usr/bin", "/bin/x")
    }
    assert [program and program.uuid for program in found.values()] == [SORT, SORT, LOCAL, None, None]


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ('pipes = "shut"\n', "pipes"),
        ("[programs]\nx = 1\n", "programs"),
        ('[programs]\nx = ""\n', "programs"),
        ('[programs]\n"" = "x.ta"\n', "programs"),
        ('[programs]\nx = "a\\u0000b"\n', "NUL"),
        ("[programs]\n" + "".join(f'p{i} = "x.ta"\n' for i in range(65)), "more than 64"),
    ],
)
def test_what_is_wrong_is_said(text: str, cause: str) -> None:
    with pytest.raises(ManifestError, match=cause):
        loads(text)


def test_a_damaged_table_is_no_policy() -> None:
    blob = bytearray(encode(Policy(programs=(Program("/a", SORT, "a.ta"),))))
    at = blob.index(b"/a") - 40
    for place in range(at, at + 40):
        damaged = bytes(blob[:place]) + b"\xff" + bytes(blob[place + 1 :])
        try:
            decode(damaged)
        except ManifestError:
            continue
    with pytest.raises(ManifestError):
        decode(bytes(blob[:-1]))
