# SPDX-License-Identifier: BSD-2-Clause
"""What never leaves: calls served inside, calls that are refused or unknown, and what the policy denies."""

from __future__ import annotations

from tests.hostile.inside import Device
from tests.hostile.liar import Witness

from elfhaven.abi import linux
from elfhaven.calls.linux import LINUX
from elfhaven.calls.row import Served

INSIDE = r"""
#include <sys/prctl.h>
static int word;
int main(void) {
    char buffer[32];
    struct timespec t = {0, 1};
    say("begin");
    char *heap = (char *)syscall(SYS_brk, 0);
    long grown = syscall(SYS_brk, heap + 8192);
    char *page = mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(page, 7, 65536);
    int protect = mprotect(page, 4096, PROT_READ), unmap = munmap(page, 65536);
    long wake = CALL(SYS_futex, &word, 1, 1, 0, 0, 0), wait = CALL(SYS_futex, &word, 0, 1, &t, 0, 0);
    long pid = getpid(), random = CALL(SYS_getrandom, buffer, sizeof buffer, 0);
    int copy = dup(1);
    close(copy);
    nanosleep(&t, 0);
    clock_gettime(CLOCK_MONOTONIC, &t);
    for (int i = 0; i < 1000; i++)
        syscall(SYS_getppid);
    say("end %d %d %d %ld %ld %d %ld", grown > (long)heap, protect, unmap, wake, wait, pid > 0, random);
    return 0;
}
"""

ABSENT = r"""
int main(int argc, char **argv) {
    say("begin");
    for (int i = 1; i < argc; i++) {
        long result = CALL(atoi(argv[i]), 1, 2, 3, 4, 5, 6);
        if (result != -ENOSYS)
            say("call %s gave %ld", argv[i], result);
    }
    say("end");
    return 0;
}
"""

DENIED = r"""
int main(void) {
    const char *paths[] = {"/etc/passwd", "secret/key", "in/../secret/key", "/proc/self/mem", "in/data"};
    char buffer[64];
    struct stat st;
    say("begin");
    for (int i = 0; i < 5; i++)
        say("%ld", CALL(SYS_openat, AT_FDCWD, paths[i], i == 4 ? O_RDWR : O_RDONLY));
    say("%ld %ld %ld", CALL(SYS_mkdirat, AT_FDCWD, "in/made", 0700),
        CALL(SYS_newfstatat, AT_FDCWD, "secret", &st, 0), CALL(SYS_readlinkat, AT_FDCWD, "/x", buffer, 64));
    say("%ld", CALL(SYS_renameat2, AT_FDCWD, "in/data", AT_FDCWD, "out/stolen", 0));
    return 0;
}
"""


LOOK = r"""
static struct stat st;
static char target[16];
static long look(const char *path) { return CALL(SYS_newfstatat, AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW); }
static long access_(const char *path, int mode) { return CALL(SYS_faccessat2, AT_FDCWD, path, mode, 0); }
static long read_link(const char *path) { return CALL(SYS_readlinkat, AT_FDCWD, path, target, 9); }
static void on_the_way(const char *path) {
    long list = CALL(SYS_openat, AT_FDCWD, path, O_RDONLY | O_DIRECTORY);
    long handle = CALL(SYS_openat, AT_FDCWD, path, O_PATH);
    say("%s %ld %ld %ld %ld %ld %ld", path, look(path), access_(path, F_OK), read_link(path),
        access_(path, W_OK), list, handle);
}
int main(void) {
    char here[4096], real[4096];
    const char *closed[] = {"secret", "secret/key", "/etc", "in/../secret", "/proc/self/exe/x"};
    if (!getcwd(here, sizeof here) || !realpath("in/data", real))
        return 9;
    say("%s", real);
    for (int i = 0; i < 5; i++)
        say("%ld %ld %ld", look(closed[i]), access_(closed[i], F_OK), read_link(closed[i]));
    for (char *end = here + strlen(here); end > here; end = strrchr(here, '/')) {
        *end = 0;
        on_the_way(here);
    }
    on_the_way("/");
    return 0;
}
"""


def test_calls_served_inside_make_no_message(device: Device) -> None:
    outcome = device.run(INSIDE, Witness)
    assert outcome.lines == ["begin", "end 1 0 0 0 -11 1 32"]
    assert outcome.agent.seen.names == ["write", "write"]


def test_calls_that_are_absent_make_no_message(device: Device) -> None:
    """Every row that is absent, and numbers that no row has: ENOSYS, as an older kernel would say."""
    absent = [row.number for row in LINUX.rows if row.served is Served.ABSENT]
    unknown = [number for number in (17, 500, 600, 4095, 4097, 65535, 1 << 30) if not LINUX.by_number(number)]
    numbers = [str(number) for number in absent + unknown]
    outcome = device.run(ABSENT, Witness, *numbers)
    assert len(unknown) > 4  # whatever rows are absent
    assert outcome.lines == ["begin", "end"]
    assert outcome.agent.seen.names == ["write", "write"]


def test_calls_on_sockets_that_are_none_make_no_message(device: Device) -> None:
    """Only a Unix socket without a peer is asked for: it reaches nobody until a rule lets it connect."""
    names = "socket bind listen accept accept4 connect getsockname getsockopt sendto recvfrom recvmsg"
    numbers = [str(LINUX.by_name(name).number) for name in names.split()]
    outcome = device.run(ABSENT, Witness, *numbers)
    begin, *results, end = outcome.lines
    assert (begin, end) == ("begin", "end")
    assert [line.split()[1] for line in results] == numbers
    assert all(int(line.split()[3]) < 0 for line in results)
    assert set(outcome.agent.seen.names) == {"write", "socket"}


def test_what_is_denied_never_reaches_the_agent(device: Device) -> None:
    outcome = device.run(DENIED, Witness)
    assert outcome.lines[1:] == [str(-linux.EACCES)] * 5 + [" ".join([str(-linux.EACCES)] * 3), "-13"]
    assert set(outcome.agent.seen.names) == {"write"}
    assert set(outcome.denied) == {"files.read", "files.write"}
    for name in (b"passwd", b"secret", b"stolen"):
        assert not any(name in block for block in outcome.agent.blocks)


def test_directories_on_the_way_can_be_looked_at_and_not_opened(device: Device) -> None:
    outcome = device.run(LOOK, Witness)
    refused, not_a_link = -linux.EACCES, -linux.EINVAL
    ways = [device.place, *device.place.parents]
    assert outcome.lines == [
        f"{device.place}/in/data",
        *[" ".join([str(refused)] * 3)] * 5,
        *[f"{way} 0 0 {not_a_link} {refused} {refused} {refused}" for way in ways],
    ]
    assert outcome.denied == ("files.read",)
    assert "openat" not in outcome.agent.seen.names
    assert not any(b"secret" in path for _, paths, _ in outcome.agent.seen.calls for path in paths)
