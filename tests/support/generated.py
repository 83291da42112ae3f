# SPDX-License-Identifier: BSD-2-Clause
# ruff: noqa: E501  (a line of C is one line)
"""Random C programs whose output says all that they did, and is the same at every run.

A program is a row of steps over arithmetic, memory, descriptors, files and directories; what each call gives, errno
included, is printed. Names and sizes come from small sets, so that calls meet what earlier ones left: errors are part
of it. One in four ends by a fault. The same seed gives the same program.
"""

from __future__ import annotations

import random
from collections.abc import Callable

HEAD = r"""
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
static uint64_t u[4]; static int32_t i[4]; static double d[4];
static unsigned char *block[4]; static size_t size[4];
static int fd[4] = {-1, -1, -1, -1};
static char buffer[9000];
static void say(const char *what, long result) {
    printf("%s %ld %d\n", what, result, result < 0 ? errno : 0);
}
static uint32_t sum(const void *data, size_t length) {
    uint32_t a = 1, b = 0;
    for (size_t k = 0; k < length; k++) a = (a + ((const unsigned char *)data)[k]) % 65521, b = (b + a) % 65521;
    return b << 16 | a;
}
static void fill(void *data, size_t length, uint32_t seed) {
    for (size_t k = 0; k < length; k++) ((unsigned char *)data)[k] = (seed = seed * 1664525 + 1013904223) >> 24;
}
static int by_name(const void *a, const void *b) { return strcmp(a, b); }
static void list(const char *path) {
    static char names[64][64];
    int count = 0;
    DIR *directory = opendir(path);
    if (!directory) { say("opendir", -1); return; }
    for (struct dirent *entry; (entry = readdir(directory)) && count < 64; count++)
        snprintf(names[count], 64, "%s %d", entry->d_name, entry->d_type);
    closedir(directory);
    qsort(names, count, 64, by_name);
    for (int k = 0; k < count; k++) puts(names[k]);
}
static void about(const char *path) {
    struct stat s;
    int result = lstat(path, &s);
    say("lstat", result);
    if (!result) printf("%o %ld %d\n", s.st_mode, S_ISDIR(s.st_mode) ? 0 : (long)s.st_size, (int)s.st_nlink * !S_ISDIR(s.st_mode));
}
__attribute__((noinline)) static uint64_t deep(uint64_t n) {
    volatile uint64_t kept[4] = {n, n + 1};
    return n ? deep(n - 1) * 3 + kept[n & 1] : 1;
}
int main(void) {
"""
NAMES = ("a", "b", "deep/c", "deep", "deep/er", "none/x", "link", "data.txt", ".", "a/b")
FAULTS = {
    "null write": "*(volatile int *)0 = 1;",
    "null read": 'say("read", *(volatile int *)(uintptr_t)(u[0] & 8));',
    "write to text": "*(volatile int *)(uintptr_t)main = 1;",
    "execute data": "((void (*)(void))(uintptr_t)buffer)();",
    "execute nothing": "((void (*)(void))(uintptr_t)0x10)();",
    "undefined": "__builtin_trap();",
    "stack overrun": 'say("deep", (long)deep(100000000));',
    "wild read": 'say("read", *(volatile int *)(1ull << 40));',
    "counter by register": 'uint64_t x; __asm__ volatile("mrs %0, midr_el1" : "=r"(x)); say("midr", x);',
    "abort": "abort();",
    "killed": "raise(SIGTERM);",
    "segmentation by hand": "raise(SIGSEGV);",
}
Chooser = random.Random


def _q(text: str) -> str:
    return f'"{text}"'


def _expression(r: Chooser, depth: int = 3) -> str:
    """Of uint64_t, without undefined behaviour."""
    if depth == 0 or r.random() < 0.15:
        return r.choice(
            [
                f"u[{r.randrange(4)}]",
                f"(uint64_t)i[{r.randrange(4)}]",
                f"{r.getrandbits(r.choice((4, 16, 33, 64)))}ull",
            ]
        )
    a, b = _expression(r, depth - 1), _expression(r, depth - 1)
    forms = (
        *(f"({a} {op} {b})" for op in "+-*&|^"),
        f"({a} / ({b} | 1))",
        f"({a} % ({b} | 1))",
        f"({a} << ({b} & 63))",
        f"({a} >> ({b} & 63))",
        f"(uint64_t)((int64_t)({a}) >> ({b} & 31))",
        f"({a} < {b} ? {b} : ~{a})",
        f"(uint64_t)__builtin_popcountll({a})",
        f"(uint64_t)__builtin_bswap64({a})",
        f"(uint64_t)(((unsigned __int128)({a}) * ({b})) >> 64)",
        f"(uint64_t)__builtin_clzll(({a}) | 1)",
    )
    return r.choice(forms)


def _integers(r: Chooser) -> str:
    at = r.randrange(4)
    return f'u[{at}] = {_expression(r)}; i[{at}] = (int32_t)u[{at}] >> {r.randrange(31)}; printf("u %lx %d\\n", u[{at}], i[{at}]);'


def _floats(r: Chooser) -> str:
    at, other = r.randrange(4), r.randrange(4)
    form = r.choice(
        (
            f"d[{other}] * {r.uniform(-3, 3)!r} + u[{at}] % 1000",
            f"sqrt(fabs(d[{other}])) - i[{at}]",
            f"(d[{other}] + 1) / {r.uniform(0.1, 9)!r}",
            f"fma(d[{other}], 0.5, i[{at}])",
            f"floor(d[{other}]) + (double)(u[{at}] >> 12)",
        )
    )
    return f'd[{at}] = {form}; if (!(fabs(d[{at}]) < 1e30)) d[{at}] = 1; printf("d %a %ld\\n", d[{at}], fabs(d[{at}]) < 1e15 ? (long)d[{at}] : 0);'


def _loop(r: Chooser) -> str:
    at, count = r.randrange(4), r.choice((3, 100, 5000))
    return f'for (unsigned k = 0; k < {count}; k++) u[{at}] = u[{at}] * 6364136223846793005ull + (u[(k + 1) & 3] ^ k); printf("loop %lx\\n", u[{at}]);'


def _recursion(r: Chooser) -> str:
    return f'printf("deep %lx\\n", deep({r.randrange(1, 400)}));'


def _heap(r: Chooser) -> str:
    at, length = r.randrange(4), r.choice((0, 1, 17, 4096, 70000, 300000))
    return r.choice(
        (
            f'{{ void *p = realloc(block[{at}], {length} + 1); if (p) {{ if ({length} > size[{at}]) fill((char *)p + size[{at}], {length} - size[{at}], {at}); block[{at}] = p; size[{at}] = {length}; }} printf("realloc %d %x\\n", !!p, sum(block[{at}], size[{at}])); }}',
            f'free(block[{at}]); block[{at}] = calloc({length} + 1, 1); size[{at}] = block[{at}] ? {length} : 0; printf("calloc %x\\n", sum(block[{at}], size[{at}]));',
            f'if (size[{at}] > 32) {{ memmove(block[{at}] + {r.randrange(9)}, block[{at}] + {r.randrange(9)}, size[{at}] - 16); printf("memmove %x\\n", sum(block[{at}], size[{at}])); }}',
            f"free(block[{at}]); block[{at}] = 0; size[{at}] = 0;",
        )
    )


def _mapping(r: Chooser) -> str:
    length = r.choice((1, 4096, 12288, 100000))
    kind = r.choice(
        ("PROT_READ | PROT_WRITE", "PROT_READ", "PROT_NONE", "PROT_READ | PROT_WRITE | PROT_EXEC")
    )
    then = r.choice(
        (
            "",
            f'say("mprotect", mprotect(p, {length}, PROT_READ)); printf("%x\\n", sum(p, {length}));'
            if "NONE" not in kind
            else "",
            f'void *q = mremap(p, {length}, 8192, MREMAP_MAYMOVE); say("mremap", q == MAP_FAILED ? -1 : 0); p = q == MAP_FAILED ? p : q;',
        )
    )
    write = (
        f'fill(p, {length}, 5); printf("map %x\\n", sum(p, {length}));'
        if "WRITE" in kind and "EXEC" not in kind
        else ""
    )
    return f'{{ char *p = mmap(0, {length}, {kind}, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); say("mmap", p == MAP_FAILED ? -1 : 0); if (p != MAP_FAILED) {{ {write} {then} say("munmap", munmap(p, {length})); }} }}'


def _open(r: Chooser) -> str:
    at, name = r.randrange(4), r.choice(NAMES)
    flags = r.choice(
        (
            "O_RDONLY",
            "O_RDWR | O_CREAT",
            "O_WRONLY | O_CREAT | O_TRUNC",
            "O_RDWR | O_CREAT | O_EXCL",
            "O_RDWR | O_APPEND",
            "O_RDONLY | O_DIRECTORY",
            "O_RDWR",
        )
    )
    return f'if (fd[{at}] >= 0) say("close", close(fd[{at}])); fd[{at}] = open({_q(name)}, {flags}, 0{r.choice(("644", "600", "400"))}); say("open", fd[{at}] < 0 ? -1 : 0);'


def _transfer(r: Chooser) -> str:
    at, length, offset = r.randrange(4), r.choice((0, 1, 100, 4096, 8999)), r.choice((0, 1, 4095, 70000))
    return r.choice(
        (
            f'fill(buffer, {length}, {r.randrange(99)}); say("write", write(fd[{at}], buffer, {length}));',
            f'fill(buffer, {length}, {r.randrange(99)}); say("pwrite", pwrite(fd[{at}], buffer, {length}, {offset}));',
            f'memset(buffer, 0, sizeof buffer); say("read", read(fd[{at}], buffer, {length})); printf("%x\\n", sum(buffer, sizeof buffer));',
            f'memset(buffer, 0, sizeof buffer); say("pread", pread(fd[{at}], buffer, {length}, {offset})); printf("%x\\n", sum(buffer, sizeof buffer));',
            f'say("lseek", lseek(fd[{at}], {r.choice((-5, 0, 10, 5000))}, {r.choice(("SEEK_SET", "SEEK_CUR", "SEEK_END"))}));',
            f'{{ struct iovec v[3] = {{{{buffer, {length // 2}}}, {{0, 0}}, {{buffer + 5000, {length % 77}}}}}; say("readv", readv(fd[{at}], v, 3)); }}',
            f'{{ struct iovec v[2] = {{{{buffer, {length // 3}}}, {{buffer + 99, {length % 77}}}}}; say("writev", writev(fd[{at}], v, 2)); }}',
            f'say("ftruncate", ftruncate(fd[{at}], {r.choice((0, 10, 6000))}));',
            f'{{ int n = dup(fd[{at}]); say("dup", n < 0 ? -1 : 0); if (n >= 0) close(n); }}',
            f'{{ struct stat s; int n = fstat(fd[{at}], &s); say("fstat", n); if (!n && S_ISREG(s.st_mode)) printf("%ld\\n", (long)s.st_size); }}',
            f'say("fcntl", fcntl(fd[{at}], F_GETFL));',
        )
    )


def _name(r: Chooser) -> str:
    a, b = r.choice(NAMES), r.choice(NAMES)
    return r.choice(
        (
            f'say("mkdir", mkdir({_q(a)}, 0755));',
            f'say("unlink", unlink({_q(a)}));',
            f'say("rmdir", rmdir({_q(a)}));',
            f'say("rename", rename({_q(a)}, {_q(b)}));',
            f'say("symlink", symlink({_q(a)}, {_q(b)}));',
            f'say("link", link({_q(a)}, {_q(b)}));',
            f'{{ char to[99]; long n = readlink({_q(a)}, to, 99); say("readlink", n); if (n > 0) printf("%.*s\\n", (int)n, to); }}',
            f'say("access", access({_q(a)}, {r.choice(("F_OK", "R_OK", "W_OK"))}));',
            f'say("chmod", chmod({_q(a)}, 0{r.choice(("644", "600", "755"))}));',
            f"about({_q(a)});",
            f"list({_q(r.choice(('.', 'deep', 'none')))});",
        )
    )


def _process(r: Chooser) -> str:
    return r.choice(
        (
            'say("kill", kill(getpid(), 0));',
            f'say("raise", raise({r.choice(("SIGCHLD", "SIGURG", "SIGCONT"))}));',
            f'{{ sigset_t s, old; sigemptyset(&s); sigaddset(&s, {r.randrange(1, 31)}); say("sigprocmask", sigprocmask(SIG_BLOCK, &s, &old)); }}',
            f'say("signal", (long)(signal({r.choice(("SIGUSR1", "SIGTERM", "SIGKILL", "SIGPIPE"))}, SIG_IGN) == SIG_ERR ? -1 : 0));',
            f'printf("umask %o\\n", umask(0{r.choice(("22", "77", "0"))}));',
            "fflush(stdout);",
            f'say("close", (long)close({r.choice((-1, 77, 1000000))}));',
        )
    )


STEPS: tuple[tuple[Callable[[Chooser], str], int], ...] = (
    (_integers, 4), (_floats, 2), (_loop, 2), (_recursion, 1), (_heap, 4), (_mapping, 2), (_open, 5), (_transfer, 7),
    (_name, 5), (_process, 2),
)  # fmt: skip


def program(seed: int) -> str:
    """The C source of program number `seed`."""
    r = random.Random(seed)
    makers, weights = zip(*STEPS, strict=True)
    body = [f"u[{k}] = {r.getrandbits(64)}ull; d[{k}] = {r.uniform(-9, 9)!r};" for k in range(4)]
    body += [maker(r) for maker in r.choices(makers, weights, k=r.randrange(15, 45))]
    body.append(
        f"fflush(stdout); {FAULTS[r.choice(sorted(FAULTS))]}"
        if r.random() < 0.25
        else f"return {r.randrange(256)};"
    )
    return HEAD + "\n".join(f"    {line}" for line in body) + "\n}\n"
