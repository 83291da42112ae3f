# SPDX-License-Identifier: BSD-2-Clause
"""Sealed files in a world that changes them: bits, lengths, blocks, names, old states, failing power."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.hostile.inside import Device, Outcome

from elfhaven.normal.agent import Agent
from elfhaven.normal.handlers import Call
from elfhaven.normal.policy import Policy
from elfhaven.sdk import seal_format

MANIFEST = 'name = "sealed"\n[files]\nsealed = ["vault/"]\n'

# w NAME SEED BLOCKS: write and close; r NAME: print size and a sum, or the errno; u NAME: update in place;
# m A B: rename; d NAME: unlink; p NAME: print, wait for a byte of standard input, and print again;
# W NAME COUNT: write NAME0, NAME1 ...; R, D, U: read, unlink them, change some blocks and add one
PROGRAM = r"""
static unsigned char block[4096];
static unsigned long fill(unsigned long seed) {
    for (unsigned i = 0; i < sizeof block; i++)
        block[i] = (unsigned char)((seed = seed * 6364136223846793005ul + 1442695040888963407ul) >> 56);
    return seed;
}
static int print(int fd) {
    unsigned long sum = 14695981039346656037ul;
    long n, total = 0;
    while ((n = read(fd, block, sizeof block)) > 0) {
        total += n;
        for (long i = 0; i < n; i++)
            sum = (sum ^ block[i]) * 1099511628211ul;
    }
    if (n < 0)
        say("read %d", errno);
    else
        say("%ld %lx", total, sum);
    return n < 0;
}
static int many(char mode, const char *name, int count) {
    char path[200];
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s%d", name, i);
        if (mode == 'D') {
            if (unlink(path))
                say("unlink %d", errno);
            continue;
        }
        int fd = open(path, mode == 'W' ? O_RDWR | O_CREAT | O_TRUNC : mode == 'U' ? O_RDWR : O_RDONLY, 0600);
        if (fd < 0) {
            say("open %d", errno);
            continue;
        }
        if (mode == 'R')
            print(fd);
        for (int k = 0; mode == 'W' && k < 1 + i % 7; k++) {
            fill(i * 8 + k + 1);
            write(fd, block, sizeof block);
        }
        for (int k = 0; mode == 'U' && k < 2 + i % 7; k += 1 + i % 3) {
            fill(i * 8 + k + 10000);
            pwrite(fd, block, sizeof block, k * sizeof block);
        }
        close(fd);
    }
    return 0;
}
int main(int argc, char **argv) {
    char mode = argv[1][0];
    if (mode == 'm')
        return say("rename %d", rename(argv[2], argv[3]) ? errno : 0), 0;
    if (mode == 'd')
        return say("unlink %d", unlink(argv[2]) ? errno : 0), 0;
    if (mode == 'R' || mode == 'W' || mode == 'D' || mode == 'U')
        return many(mode, argv[2], atoi(argv[3]));
    int fd = open(argv[2], mode == 'w' ? O_RDWR | O_CREAT | O_TRUNC : mode == 'u' ? O_RDWR : O_RDONLY, 0600);
    if (fd < 0)
        return say("open %d", errno), 1;
    if (mode == 'r')
        return print(fd);
    if (mode == 'p') {
        print(fd);
        read(0, block, 1);
        lseek(fd, 0, SEEK_SET);
        return print(fd);
    }
    unsigned long seed = strtoul(argv[3], 0, 10), blocks = strtoul(argv[4], 0, 10);
    for (unsigned long i = 0; i < blocks; i++) {
        seed = fill(seed);
        if (pwrite(fd, block, sizeof block, i * sizeof block) != sizeof block)
            return say("write %d", errno), 1;
    }
    say("close %d", close(fd) ? errno : 0);
    return 0;
}
"""


@dataclass
class Vault:
    """The device, and the directory of its sealed files."""

    device: Device
    place: Path

    def run(self, *words: str, agent: type[Agent] = Agent) -> Outcome[Agent]:
        def make(policy: Policy, streams: tuple[int, int, int]) -> Agent:
            return agent(policy, streams=streams)

        return self.device.run(PROGRAM, make, *words, text=MANIFEST)

    def wrote(self, name: str, seed: int, blocks: int) -> str:
        """The line that reading it gives."""
        outcome = self.run("w", f"vault/{name}", str(seed), str(blocks))
        assert outcome.lines == ["close 0"], (outcome.lines, outcome.error)
        return self.read(name).lines[0]

    def read(self, name: str) -> Outcome[Agent]:
        return self.run("r", f"vault/{name}")

    def refuses(self, name: str) -> bool:
        outcome = self.read(name)
        return outcome.lines in (["open 5"], ["read 5"]) and outcome.violated == ("files.sealed",)


@pytest.fixture(scope="module")
def vault(device: Device) -> Vault:
    place = device.place / "vault"
    place.mkdir(exist_ok=True)
    return Vault(device, place)


def test_outside_lies_nothing_of_the_content(vault: Vault) -> None:
    assert vault.wrote("plain", 1, 3).startswith("12288 ")
    repeated = vault.run("w", "vault/twice", "1", "3").lines
    assert repeated == ["close 0"]
    first, second = (vault.place / name for name in ("plain", "twice"))
    units = [
        data[at : at + 4096]
        for data in (first.read_bytes(), second.read_bytes())
        for at in range(0, len(data), 4096)
    ]
    written = [unit for unit in units if any(unit)]
    assert len(set(written)) == len(written)


@pytest.mark.parametrize("at", [0, 8, 12, 16, 32, 44, 48, 64, 4095])
def test_every_part_of_a_header_counts(vault: Vault, at: int) -> None:
    vault.wrote("head", at, 2)
    path = vault.place / "head"
    good = path.read_bytes()
    for slot in (0, 4096):  # the valid one is one of them
        flip(path, slot + at)
    assert vault.refuses("head")
    path.write_bytes(good)
    assert vault.read("head").lines[0].startswith("8192 ")


def test_a_file_under_another_name(vault: Vault) -> None:
    one, two = vault.wrote("one", 1, 2), vault.wrote("two", 2, 2)
    paths = [vault.place / "one", vault.place / "two"]
    data = [path.read_bytes() for path in paths]
    paths[0].write_bytes(data[1])
    paths[1].write_bytes(data[0])
    assert vault.refuses("one")
    assert vault.refuses("two")
    (vault.place / "three").write_bytes(data[0])
    assert vault.refuses("three")
    for path, good in zip(paths, data, strict=True):
        path.write_bytes(good)
    assert [vault.read("one").lines, vault.read("two").lines] == [[one], [two]]


def test_a_rename_by_the_program(vault: Vault) -> None:
    line = vault.wrote("from", 5, 4)
    assert vault.run("m", "vault/from", "vault/to").lines == ["rename 0"]
    assert vault.read("to").lines == [line]
    assert vault.read("from").lines == ["open 2"]
    assert vault.run("m", "vault/to", "elsewhere").lines == ["rename 13"]  # no rule covers it


def test_old_states_across_runs(vault: Vault) -> None:
    vault.wrote("old", 1, 3)
    path = vault.place / "old"
    states = [path.read_bytes()]
    for seed in (2, 3):
        line = vault.wrote("old", seed, 3)
        states.append(path.read_bytes())
    for old in states[:-1]:
        path.write_bytes(old)
        assert vault.refuses("old")
    path.write_bytes(states[-1])
    assert vault.read("old").lines == [line]


def test_a_file_that_is_gone_or_empty(vault: Vault) -> None:
    line = vault.wrote("gone", 1, 1)
    path = vault.place / "gone"
    good = path.read_bytes()
    path.unlink()
    assert vault.refuses("gone")
    path.write_bytes(b"")
    assert vault.refuses("gone")
    path.write_bytes(bytes(len(good)))
    assert vault.refuses("gone")
    path.write_bytes(good)
    assert vault.read("gone").lines == [line]


def test_a_file_that_the_program_removed_does_not_come_back(vault: Vault) -> None:
    vault.wrote("removed", 1, 1)
    path = vault.place / "removed"
    good = path.read_bytes()
    assert vault.run("d", "vault/removed").lines == ["unlink 0"]
    assert not path.exists()
    assert vault.read("removed").lines == ["open 2"]
    path.write_bytes(good)
    assert vault.refuses("removed")
    path.unlink()
    assert vault.wrote("removed", 2, 2).startswith("8192 ")


def test_plain_bytes_are_never_taken_for_a_sealed_file(vault: Vault) -> None:
    for size in (1, 100, 4096, 20000):
        (vault.place / "foreign").write_bytes(b"p" * size)
        assert vault.refuses("foreign")
        assert (vault.place / "foreign").read_bytes() == b"p" * size


class Rollback(Agent):
    """Puts every block's first version back while the program has the file open."""

    def perform(self, call: Call) -> int:
        result = super().perform(call)
        if call.number == 63 and call.args[0] == 0:  # read of standard input
            path = os.environ["ELFHAVEN_TEST_VAULT"]
            with open(path + ".old", "rb") as old, open(path, "r+b") as file:
                file.write(old.read())
        return result


def test_an_old_state_within_a_run(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    """More blocks than the cache holds, so that they are read again."""
    path = vault.place / "within"
    vault.wrote("within", 1, 300)
    (vault.place / "within.old").write_bytes(path.read_bytes())
    vault.wrote("within", 2, 300)
    monkeypatch.setenv("ELFHAVEN_TEST_VAULT", str(path))
    outcome = vault.run("p", "vault/within", agent=Rollback)
    assert outcome.lines[0].startswith("1228800 ")
    assert outcome.lines[1:] == ["read 5"]
    assert outcome.violated == ("files.sealed",)


def flip(path: Path, at: int, bit: int = 1) -> None:
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ bit]))


def test_what_the_runtime_wrote_is_what_the_format_says(vault: Vault) -> None:
    from elfhaven.sdk.seal import device_key, unseal, verify

    line = vault.wrote("format", 3, 200)
    path = vault.place / "format"
    key = device_key("sealed", vault.device.state.path)
    plain = b"".join(unseal(path, key))
    total = 14695981039346656037
    for byte in plain:
        total = (total ^ byte) * 1099511628211 & (1 << 64) - 1
    assert line == f"{len(plain)} {total:x}"
    assert verify(path, key).depth == 2
    with pytest.raises(seal_format.SealError):
        verify(path, key, "/another/name")


# Four threads write and read their parts of one file, more of them than the cache holds; one of them syncs.
THREADS = r"""
#include <pthread.h>
enum { THREADS = 4, BLOCKS = 80 };
static int fd, wrong;
static void *work(void *argument) {
    long me = (long)argument;
    unsigned char mine[4096], back[4096];
    for (long round = 0; round < 2; round++)
        for (long i = 0; i < BLOCKS; i++) {
            long at = (i * THREADS + me) * 4096;
            memset(mine, (int)(me * 50 + i + round), sizeof mine);
            wrong += pwrite(fd, mine, sizeof mine, at) != sizeof mine;
            if (me == 0 && i % 16 == 0)
                wrong += fsync(fd) != 0;
            wrong += pread(fd, back, sizeof back, at) != sizeof back || memcmp(mine, back, sizeof mine);
        }
    return 0;
}
int main(void) {
    pthread_t threads[THREADS];
    fd = open("vault/threads", O_RDWR | O_CREAT | O_TRUNC, 0600);
    for (long i = 0; i < THREADS; i++)
        pthread_create(threads + i, 0, work, (void *)i);
    for (long i = 0; i < THREADS; i++)
        pthread_join(threads[i], 0);
    close(fd);
    fd = open("vault/threads", O_RDONLY);
    for (long i = 0; i < THREADS * BLOCKS; i++) {
        unsigned char block[4096];
        wrong += read(fd, block, sizeof block) != sizeof block;
        for (unsigned at = 0; at < sizeof block; at++)
            wrong += block[at] != (unsigned char)(i % THREADS * 50 + i / THREADS + 1);
    }
    say("wrong %d", wrong);
    return 0;
}
"""


def test_threads_share_a_sealed_file(vault: Vault) -> None:
    def make(policy: Policy, streams: tuple[int, int, int]) -> Agent:
        return Agent(policy, streams=streams)

    outcome = vault.device.run(THREADS, make, text=MANIFEST.replace("sealed", "threaded", 1))
    assert (outcome.lines, outcome.violated, outcome.error) == (["wrong 0"], (), None)
