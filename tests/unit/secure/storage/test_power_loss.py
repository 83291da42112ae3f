# SPDX-License-Identifier: BSD-2-Clause
"""The power fails at every single write of a workload: what was committed is there, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .fake_files import MemoryFiles, Objects, PowerCut, ree_fs

Step = Callable[[Objects, dict[bytes, bytes]], None]


def put(name: bytes, data: bytes) -> Step:
    def step(objects: Objects, model: dict[bytes, bytes]) -> None:
        model[name] = data
        objects.put(name, data)

    return step


def write(name: bytes, position: int, data: bytes) -> Step:
    def step(objects: Objects, model: dict[bytes, bytes]) -> None:
        old = model[name].ljust(position if data else 0, b"\0")
        model[name] = old[:position] + data + old[position + len(data) :]
        objects.write(name, position, data)

    return step


def truncate(name: bytes, length: int) -> Step:
    def step(objects: Objects, model: dict[bytes, bytes]) -> None:
        model[name] = model[name][:length].ljust(length, b"\0")
        objects.truncate(name, length)

    return step


def rename(old: bytes, new: bytes) -> Step:
    def step(objects: Objects, model: dict[bytes, bytes]) -> None:
        model[new] = model.pop(old)
        objects.rename(old, new)

    return step


def remove(name: bytes) -> Step:
    def step(objects: Objects, model: dict[bytes, bytes]) -> None:
        del model[name]
        objects.remove(name)

    return step


WORKLOAD = (
    put(b"a", b"first" * 10),
    put(b"b", b"B" * 9000),
    write(b"a", 20, b"second" * 1000),
    put(b"a", b"over"),
    write(b"b", 4090, b"across"),
    put(b"c", b""),
    truncate(b"b", 4000),
    truncate(b"b", 13000),
    rename(b"b", b"d"),
    write(b"d", 0, b"again"),
    remove(b"c"),
    put(b"e", b"E" * 5000),
    truncate(b"e", 0),
    write(b"e", 9000, b""),
    write(b"e", 9000, b"far"),
)


def run(files: MemoryFiles) -> list[dict[bytes, bytes]]:
    """The workload; the states before, in the middle of, and after the step at which the power failed."""
    model: dict[bytes, bytes] = {}
    objects = Objects(ree_fs(files))
    before = dict(model)
    try:
        for step in WORKLOAD:
            before = dict(model)
            step(objects, model)
    except PowerCut:
        return [before, model]
    return [model]


def after_reset(content: dict[str, bytearray]) -> dict[bytes, bytes]:
    """What a core finds that starts with these files."""
    objects = Objects(ree_fs(MemoryFiles(content)))
    objects.names()  # a dirf.db whose very making was cut is corrupt once, and made anew the next time
    return objects.all()


def count_changes() -> int:
    files = MemoryFiles()
    assert run(files) == [after_reset(files.copy())]
    return files.changes


@pytest.mark.parametrize("torn", [False, True])
def test_power_fails_at_every_write(torn: bool) -> None:
    total = count_changes()
    assert total > 100
    seen_new = seen_old = 0
    for cut_at in range(total):
        files = MemoryFiles()
        files.cut_at, files.torn = cut_at, torn
        before, after = run(files)
        left = files.copy()
        found = after_reset(left)
        assert found in (before, after), f"cut before change {cut_at}"
        seen_old += found == before != after
        seen_new += found == after != before
        again = Objects(ree_fs(MemoryFiles(left)))
        again.put(b"goes on", b"x" * 5000)
        assert again.all() == found | {b"goes on": b"x" * 5000}
    assert seen_old > 50
    assert seen_new > 0
