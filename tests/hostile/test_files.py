# SPDX-License-Identifier: BSD-2-Clause
"""Files that change under a program's hands, and links that lead elsewhere."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from tests.hostile import liar
from tests.hostile.inside import Device

from elfhaven.abi import linux

PINNED = '[files]\npinned = ["in/weights"]\nread = ["in/"]\n'
BLOCK = 65536
CONTENT = bytes(range(256)) * 1000  # four blocks, the last one short

READ_ALL = r"""
int main(int argc, char **argv) {
    long sum = 0, total = 0, n;
    int fd = open(argv[1], O_RDONLY);
    if (fd < 0) {
        say("open %d", errno);
        return 1;
    }
    while ((n = CALL(SYS_read, fd, room.data, 4096)) > 0)
        for (long i = 0; i < n; i++, total++)
            sum += room.data[i] * (total % 251 + 1);
    say("%ld bytes, sum %ld, then %ld", total, sum, n);
    return n != 0;
}
"""

LINKS = r"""
int main(void) {
    char buffer[64] = "";
    const char *paths[] = {"in/out", "in/dir/key", "in/dir", "in/chain", "in/dotdot/secret/key", "in/loop"};
    for (int i = 0; i < 6; i++)
        say("%s %ld", paths[i], CALL(SYS_openat, AT_FDCWD, paths[i], O_RDONLY));
    say("create %ld", CALL(SYS_openat, AT_FDCWD, "out/escape", O_WRONLY | O_CREAT, 0600));
    return 0;
}
"""
HONEST = f"{len(CONTENT)} bytes, sum {sum(b * (i % 251 + 1) for i, b in enumerate(CONTENT))}, then 0"


@pytest.fixture
def weights(device: Device) -> Path:
    path = device.place / "in/weights"
    path.write_bytes(CONTENT)
    return path


class Meddler(liar.Witness):
    """Changes a file after the program has opened it and before its first block is read."""

    def __init__(self, change: Callable[[], None], policy: object, streams: tuple[int, int, int]) -> None:
        super().__init__(policy, streams)  # type: ignore[arg-type]
        self._change: Callable[[], None] | None = change

    def perform(self, call: liar.Call) -> int:
        if liar.NAMES[call.number] == "pread64" and self._change is not None:
            self._change()
            self._change = None
        return super().perform(call)


def test_a_pinned_file_as_it_was_packed(device: Device, weights: Path) -> None:
    outcome = device.run(READ_ALL, liar.Witness, "in/weights", text=PINNED)
    assert (outcome.status, outcome.lines) == (0, [HONEST])
    assert outcome.violated == ()


def swap(path: Path) -> None:
    other = path.with_suffix(".new")
    other.write_bytes(bytes(len(CONTENT)))
    os.replace(other, path)


def flip_a_bit(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(2 * BLOCK + 17)
        file.write(bytes([CONTENT[2 * BLOCK + 17] ^ 4]))


def overwrite_all(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(bytes(len(CONTENT)))


@pytest.mark.parametrize("change", [overwrite_all, flip_a_bit])
def test_a_pinned_file_changed_between_open_and_read(
    device: Device, weights: Path, change: Callable[[Path], None]
) -> None:
    outcome = device.run(READ_ALL, partial(Meddler, lambda: change(weights)), "in/weights", text=PINNED)
    assert outcome.status == 1
    total = int(outcome.lines[0].split()[0])
    assert total in (0, BLOCK, 2 * BLOCK)  # nothing of the changed block, or of any behind it
    assert change is flip_a_bit or total == 0
    assert outcome.lines[0].endswith(f"then {-linux.EIO}")
    assert "files.pinned" in outcome.violated


@pytest.mark.parametrize("size", [0, 100, BLOCK, len(CONTENT) - 1])
def test_a_pinned_file_truncated_between_open_and_read(device: Device, weights: Path, size: int) -> None:
    change = partial(os.truncate, weights, size)
    outcome = device.run(READ_ALL, partial(Meddler, change), "in/weights", text=PINNED)
    assert outcome.status == 1
    assert outcome.lines[0].endswith(f"then {-linux.EIO}")
    assert "files.pinned" in outcome.violated


@pytest.mark.parametrize("change", [swap, partial(os.truncate, length=5)])
def test_a_pinned_file_that_is_another_one(
    device: Device, weights: Path, change: Callable[[Path], None]
) -> None:
    device.pack(READ_ALL, PINNED)
    change(weights)
    outcome = device.run(READ_ALL, liar.Witness, "in/weights", text=PINNED)
    assert outcome.status == 1
    assert outcome.lines[0] in (f"open {linux.EIO}", f"0 bytes, sum 0, then {-linux.EIO}")
    assert "files.pinned" in outcome.violated


def test_a_pinned_file_that_grew_is_refused(device: Device, weights: Path) -> None:
    device.pack(READ_ALL, PINNED)
    with weights.open("ab") as file:
        file.write(b"more")
    outcome = device.run(READ_ALL, liar.Witness, "in/weights", text=PINNED)
    assert (outcome.status, outcome.lines) == (1, [f"open {linux.EIO}"])
    assert "files.pinned" in outcome.violated


def test_links_lead_nowhere_else(device: Device) -> None:
    inside, secret = device.place / "in", device.place / "secret"
    for name, target in {
        "out": secret / "key",
        "dir": secret,
        "chain": inside / "out",
        "dotdot": "..",
        "loop": "loop",
    }.items():
        os.symlink(target, inside / name)
    os.symlink(secret / "made", device.place / "out/escape")
    outcome = device.run(LINKS, liar.Witness)
    results = [int(line.split()[-1]) for line in outcome.lines]
    assert results == [-linux.EACCES] * 5 + [-linux.ERRNO["ELOOP"], -linux.EACCES]
    assert not (secret / "made").exists()
