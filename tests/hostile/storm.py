# SPDX-License-Identifier: BSD-2-Clause
"""A program that changes a sealed file without end, and the model that says what the file may hold.

Each step k changes the file in a way that follows from the seed, k and its size, writes k to its start,
syncs it, and sometimes renames it then. It says `s k` before the sync, `d k` after it, and `r k` after the
rename. At its start it says what it finds: `at NAME K SIZE SUM`, or the errno.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

MASK = (1 << 64) - 1
LIMIT = 900_000  # bytes: two levels of nodes
LEAST = 8
SHRINK, GROW, RENAME = 4, 5, 7

PROGRAM = r"""
enum { LIMIT = 900000, LEAST = 8, SHRINK = 4, GROW = 5, RENAME = 7 };
typedef unsigned long u;
static unsigned char data[LIMIT + 16384];
static u mix(u a, u b) {
    u x = a * 0x9e3779b97f4a7c15u + b * 0xd1342543de82ef95u + 0x632be59bd9b4e019u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}
static u adler(const unsigned char *p, u n) {
    u a = 1, b = 0;
    while (n) {
        u part = n < 3800 ? n : 3800;
        n -= part;
        while (part--)
            b += a += *p++;
        a %= 65521;
        b %= 65521;
    }
    return b << 16 | a;
}
static int find(const char *name, int at) {
    int fd = open(name, O_RDWR);
    if (fd < 0)
        return fd;
    long total = 0, n;
    while ((n = read(fd, data + total, sizeof data - total)) > 0)
        total += n;
    if (n < 0)
        return say("read %d", errno), -1;
    say("at %d %lu %ld %lu", at, total < LEAST ? 0 : *(u *)data, total, adler(data, total));
    return fd;
}
static void change(int fd, u r, u size) {
    u kind = r % 8;
    if (kind == SHRINK || kind == GROW) {
        u to = kind == GROW ? size + (r >> 8) % 300000 : size * ((r >> 8) % 100) / 100;
        ftruncate(fd, to > LIMIT ? LIMIT : to < LEAST ? LEAST : to);
        return;
    }
    for (u i = 0; i < 1 + (r >> 8) % 6; i++) {
        u q = mix(r, i), at = q % (kind == 6 ? LIMIT : size + 8192), n = 1 + (q >> 32) % 9000;
        memset(data, (int)(q >> 20), n);
        pwrite(fd, data, n, at > LIMIT - n ? LIMIT - n : at);
    }
}
int main(int argc, char **argv) {
    char **name = argv + 1;
    u seed = strtoul(argv[3], 0, 10), steps = strtoul(argv[4], 0, 10), k = 0;
    int at = 0, fd = find(name[0], 0);
    if (fd < 0 && errno == ENOENT)
        fd = find(name[1], at = 1);
    if (fd < 0 && errno == ENOENT)
        fd = open(name[at = 0], O_RDWR | O_CREAT, 0600);
    if (fd < 0)
        return say("open %d", errno), 1;
    pread(fd, &k, sizeof k, 0);
    for (u end = k + steps; k++ < end;) {
        struct stat info;
        fstat(fd, &info);
        u r = mix(seed, k);
        change(fd, r, info.st_size);
        pwrite(fd, &k, sizeof k, 0);
        say("s %lu", k);
        if (fsync(fd))
            return say("sync %d", errno), 1;
        say("d %lu", k);
        if (r % 8 != RENAME)
            continue;
        if (rename(name[at], name[!at]))
            return say("rename %d", errno), 1;
        at = !at;
        say("r %lu", k);
    }
    return 0;
}
"""


def mix(a: int, b: int) -> int:
    x = a * 0x9E3779B97F4A7C15 + b * 0xD1342543DE82EF95 + 0x632BE59BD9B4E019 & MASK
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & MASK
    x = (x ^ x >> 27) * 0x94D049BB133111EB & MASK
    return x ^ x >> 31


def _resized(size: int, r: int) -> int:
    to = size + (r >> 8) % 300000 if r % 8 == GROW else size * ((r >> 8) % 100) // 100
    return max(LEAST, min(LIMIT, to))


@dataclass
class Model:
    """The file after `step` steps. `where`: which of the two names it has."""

    seed: int
    step: int = 0
    where: int = 0
    data: bytearray = field(default_factory=bytearray)
    synced: int = 0  # the program was told that this step is kept
    renamed: int = 0  # and that the rename of this one was done

    def heard(self, lines: list[str]) -> None:
        """What the program said before it was ended."""
        for line in lines:
            word, _, number = line.partition(" ")
            if word == "d":
                self.synced = int(number)
            elif word == "r":
                self.renamed = int(number)
            else:
                assert word in ("s", "at"), line

    def agrees(self, line: str) -> None:
        """Goes on to what the program has found at its start; it must be a state that may be there."""
        words = line.split()
        assert words[0] == "at", line
        where, step, size, total = map(int, words[1:])
        assert step >= self.synced, f"step {self.synced} was synced, and {step} is there"
        while self.step < step:
            self._forward()
        if mix(self.seed, step) % 8 == RENAME and step and where != self.where:
            assert step > self.renamed, f"the rename of step {step} was undone"
        else:
            assert where == self.where, (step, where)
        if (len(self.data), zlib.adler32(self.data)) != (size, total):
            self._cut_short(step + 1)
            assert (len(self.data), zlib.adler32(self.data)) == (size, total), f"no state of step {step}"
        self.where = where

    def _cut_short(self, step: int) -> None:
        """What step `step` has shortened, and not changed any further."""
        r = mix(self.seed, step)
        assert r % 8 == SHRINK, f"no state of step {step - 1}"
        del self.data[_resized(len(self.data), r) :]

    def _forward(self) -> None:
        self.step += 1
        r = mix(self.seed, self.step)
        kind, size = r % 8, len(self.data)
        if kind in (SHRINK, GROW):
            to = _resized(size, r)
            self.data = self.data[:to].ljust(to, b"\0")
        else:
            for index in range(1 + (r >> 8) % 6):
                q = mix(r, index)
                count = 1 + (q >> 32) % 9000
                at = min(q % (LIMIT if kind == 6 else size + 8192), LIMIT - count)
                self.data = self.data.ljust(at + count, b"\0")
                self.data[at : at + count] = bytes([q >> 20 & 0xFF]) * count
        self.data = self.data.ljust(8, b"\0")
        self.data[:8] = self.step.to_bytes(8, "little")
        if kind == RENAME:
            self.where ^= 1
