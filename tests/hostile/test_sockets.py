# SPDX-License-Identifier: BSD-2-Clause
"""Sockets: what is believed of an answer, and that what [net] does not name never leaves the TEE."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import pytest
from tests.hostile import liar
from tests.hostile.inside import Device

from elfhaven.normal.handlers import Call
from elfhaven.normal.policy import RootPolicy

MANIFEST = """debug = true
[files]
read = ["in/"]
[net]
connect = ["127.0.0.0/24:7-9", "10.0.0.0/9:*", "[2001:db8::]/33:443", "unix:in/", "unix:@there"]
listen = ["127.0.0.1:0"]
"""
HEAD = r"""
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
"""
NAMES = (
    HEAD
    + r"""
int main(void) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int s = socket(AF_INET, SOCK_STREAM, 0), value = 5;
    bind(s, (void *)&a, sizeof a);
    listen(s, 1);
    guard();
    unsigned *size = (unsigned *)room.data;
    *size = 16;
    say("%ld", CALL(SYS_getsockname, s, room.data + 8, size));
    say("%d", intact(24));
    socklen_t n = sizeof value;
    say("%ld %d", CALL(SYS_getsockopt, s, SOL_SOCKET, SO_TYPE, &value, &n), n);
    return 0;
}
"""
)
DATA = (
    HEAD
    + r"""
int main(int argc, char **argv) {
    int p[2];
    socketpair(AF_UNIX, SOCK_DGRAM, 0, p);
    write(p[1], "12345678", 8);
    write(p[1], "12345678", 8);
    guard();
    say("%ld %d", CALL(SYS_read, p[0], room.data, 4L), intact(4));
    struct sockaddr_un from;
    socklen_t n = sizeof from;
    say("%ld %d", CALL(SYS_recvfrom, p[0], room.data, 4L, MSG_TRUNC, &from, &n), intact(4));
    return 0;
}
"""
)
EVENTS = (
    HEAD
    + r"""
int main(void) {
    int p[2], e = epoll_create1(0);
    socketpair(AF_UNIX, SOCK_STREAM, 0, p);
    struct epoll_event v = {EPOLLIN, {.u32 = 1}}, got = {0};
    epoll_ctl(e, EPOLL_CTL_ADD, p[0], &v);
    long n = epoll_wait(e, &got, 1, 0);
    say("%ld %x", n, got.events);
    struct pollfd q = {p[0], POLLIN, 0};
    n = poll(&q, 1, 0);
    say("%ld %x", n, q.revents);
    return 0;
}
"""
)
PEERS = (
    HEAD
    + r"""
static void at(const char *address, int port, int own) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 b = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    int six = strchr(address, ':') != 0, s = socket(six ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
    inet_pton(six ? AF_INET6 : AF_INET, address, six ? (void *)&b.sin6_addr : (void *)&a.sin_addr);
    long r = CALL(own ? SYS_bind : SYS_connect, s, six ? (void *)&b : (void *)&a, six ? sizeof b : sizeof a);
    say("%s %d %s", address, port, r == -EACCES ? "denied" : "asked");
    close(s);
}
static void path(const char *name, int size) {
    struct sockaddr_un a = {AF_UNIX};
    memcpy(a.sun_path, name, size);
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    long r = CALL(SYS_connect, s, &a, 2 + size);
    say("%s %s", name[0] ? name : name + 1, r == -EACCES ? "denied" : "asked");
    close(s);
}
int main(void) {
    at("127.0.0.77", 7, 0), at("127.0.0.77", 10, 0), at("127.0.1.1", 8, 0);
    at("10.127.0.1", 1, 0), at("10.128.0.1", 1, 0), at("::ffff:127.0.0.1", 9, 0), at("::ffff:1.2.3.4", 9, 0);
    at("2001:db8:7fff::1", 443, 0), at("2001:db8:8000::1", 443, 0);
    at("127.0.0.1", 0, 1), at("127.0.0.1", 7, 1);
    path("in/sock", 8), path("in/../out/sock", 15), path("/etc/sock", 10);
    path("\0there", 6), path("\0other", 6);
    struct sockaddr_in a = {.sin_family = AF_UNSPEC, .sin_port = htons(80)};
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    say("%ld", CALL(SYS_sendto, s, "x", 1L, 0, &a, sizeof a));
    say("%ld", CALL(SYS_bind, s, &a, sizeof a));
    return 0;
}
"""
)


def told(
    device: Device, source: str, lie: liar.Lie, only: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    def make(policy: RootPolicy, streams: tuple[int, int, int]) -> liar.Liar:
        return liar.Liar(policy, lie, only, streams)

    outcome = device.run(source, make, text=MANIFEST)
    assert outcome.error is None
    assert outcome.agent.told >= 1
    return tuple(outcome.lines), outcome.violated


def value(length: int) -> liar.Lie:
    def lie(call: Call, result: int) -> int:
        call.value = length
        return result

    return lie


def test_names_that_are_true(device: Device) -> None:
    lines, violated = told(device, NAMES, lambda call, result: result, ["getsockname", "getsockopt"])
    assert (lines, violated) == (("0", "1", "0 4"), ())


@pytest.mark.parametrize("length", [129, 4096, 1 << 31, 1 << 48, (1 << 64) - 1])
def test_a_length_that_is_too_large(device: Device, length: int) -> None:
    lines, violated = told(device, NAMES, value(length), ["getsockname", "getsockopt"])
    assert (lines, violated) == (("-1", "1", "-1 4"), ("answers",))


def test_datagrams_that_are_true(device: Device) -> None:
    lines, violated = told(device, DATA, lambda call, result: result, ["recvmsg"])
    assert (lines, violated) == (("4 1", "8 1"), ())


@pytest.mark.parametrize("size", [1 << 48, 1 << 31, (1 << 63) - 1])
def test_a_message_of_an_impossible_size(device: Device, size: int) -> None:
    lines, violated = told(device, DATA, lambda call, result: size, ["recvmsg"])
    assert (lines, violated) == (("-1 1", "-1 1"), ("answers",))


def test_more_than_was_asked_for(device: Device) -> None:
    """With MSG_TRUNC the size of a longer message is told, but only of one that is said to be cut."""

    def lie(call: Call, result: int) -> int:
        call.value = 0
        return 5

    assert told(device, DATA, lie, ["recvmsg"]) == (("-1 1", "-1 1"), ("answers",))


def test_an_address_that_is_too_long(device: Device) -> None:
    lines, violated = told(device, DATA, value(200), ["recvmsg"])
    assert (lines, violated) == (("-1 1", "-1 1"), ("answers",))


def test_events_that_nobody_asked_for(device: Device) -> None:
    entry = struct.Struct("<IHH")

    def lie(call: Call, result: int) -> int:
        number, events, _ = entry.unpack_from(call.output)
        entry.pack_into(
            call.output, 0, number, events, 0x7FC6
        )  # not POLLIN, not POLLERR, POLLHUP or POLLNVAL
        return 1

    assert told(device, EVENTS, lie, ["ppoll"]) == (("0 0", "0 0"), ("answers",))


@pytest.mark.parametrize("count", [2, 64, 1 << 40])
def test_more_ready_files_than_were_asked_about(device: Device, count: int) -> None:
    lines, violated = told(device, EVENTS, lambda call, result: count, ["ppoll"])
    assert (lines, violated) == (("-1 0", "-1 0"), ("answers",))


def test_what_the_manifest_does_not_name_never_leaves(device: Device) -> None:
    outcome = device.run(PEERS, liar.Witness, text=MANIFEST)
    asked = [line for line in outcome.lines if line.endswith("asked")]
    assert asked == [
        "127.0.0.77 7 asked",
        "10.127.0.1 1 asked",
        "::ffff:127.0.0.1 9 asked",
        "2001:db8:7fff::1 443 asked",
        "127.0.0.1 0 asked",
        "in/sock asked",
        "there asked",
    ]
    assert len(outcome.lines) == 18
    assert outcome.lines[-2:] == ["-97", "-97"]
    names = outcome.agent.seen.names
    assert (names.count("connect"), names.count("bind"), names.count("sendmsg")) == (6, 1, 0)
    assert outcome.denied == ("net.connect", "net.listen")


def test_without_rules_there_is_no_socket(device: Device) -> None:
    source = HEAD + 'int main(void) { say("%ld", CALL(SYS_socket, AF_INET, SOCK_STREAM, 0)); return 0; }'
    outcome = device.run(source, liar.Witness)
    assert outcome.lines == ["-13"]
    assert "socket" not in outcome.agent.seen.names
    assert outcome.denied == ("net.connect",)
