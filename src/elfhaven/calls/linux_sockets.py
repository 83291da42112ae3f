# SPDX-License-Identifier: BSD-2-Clause
"""Linux calls on sockets, and those that wait for several files.

Addresses are the bytes of struct sockaddr, the same on every architecture. The path of a Unix socket crosses
as a path, absolute, and its address then is the family alone. The normal world's sockets never block: `wait`
(1), or flags without MSG_DONTWAIT, say that the answer may take its time.
"""

from __future__ import annotations

from elfhaven.calls.linux_rows import PATH, delegated, inside
from elfhaven.calls.row import Result, Row

NET = "EACCES EAGAIN EINVAL EINTR ENOBUFS ENOMEM ENOTSOCK EOPNOTSUPP"
DOWN = " ECONNREFUSED ECONNRESET EHOSTUNREACH EHOSTDOWN ENETDOWN ENETUNREACH ETIMEDOUT"
MOVE = NET + DOWN + " ENOTCONN EPIPE EMSGSIZE EDESTADDRREQ EISCONN EADDRNOTAVAIL EAFNOSUPPORT EPERM EPROTO"
KEPT_INSIDE = "a set of files, kept inside; what of them is outside is asked by ppoll"
OUTSIDE = "peers are outside; [net] names them"
ADDRESS = "fd:fd address:out(128) size:inout(4)"
ADDRESS_WIRE = "file:file address:out(128)"

SOCKETS: tuple[Row, ...] = (
    delegated(
        198,
        "socket",
        "domain:uint type:hex protocol:uint",
        "file:file domain:uint type:hex protocol:uint",
        errors=NET + " EAFNOSUPPORT EPROTONOSUPPORT ESOCKTNOSUPPORT EPROTOTYPE EMFILE ENFILE",
        policy="net",
        result=Result.FD,
        reason=OUTSIDE + "; IPv4, IPv6 and Unix; streams, datagrams, sequenced packets",
    ),
    delegated(
        199,
        "socketpair",
        "domain:uint type:hex protocol:uint fds:out(8)",
        "file:file other:file domain:uint type:hex protocol:uint",
        errors=NET + " EAFNOSUPPORT EPROTONOSUPPORT ESOCKTNOSUPPORT EPROTOTYPE EMFILE ENFILE",
        policy="net",
        reason="both ends are the normal world's, which sees what passes; a pipe is not",
    ),
    delegated(
        200,
        "bind",
        "fd:fd address:in(size) size:size",
        "file:file path:path address:in(size)",
        errors=NET + " EADDRINUSE EADDRNOTAVAIL EAFNOSUPPORT EPERM EROFS ENOSPC EEXIST " + PATH,
        policy="net.listen",
        reason=OUTSIDE,
    ),
    delegated(
        201,
        "listen",
        "fd:fd backlog:int",
        "file:file backlog:int",
        errors=NET + " EADDRINUSE EDESTADDRREQ",
        policy="net.listen",
        reason=OUTSIDE,
    ),
    delegated(
        202,
        "accept",
        "fd:fd address:ptr size:ptr",
        "file:file new:file wait:uint address:out(128)",
        errors=NET + DOWN + " ECONNABORTED EMFILE ENFILE EPERM EPROTO",
        policy="net.listen",
        result=Result.FD,
        reason="crosses as accept4",
    ),
    delegated(
        203,
        "connect",
        "fd:fd address:in(size) size:size",
        "file:file wait:uint path:path address:in(size)",
        errors=MOVE + " EADDRINUSE EALREADY EINPROGRESS EPROTOTYPE " + PATH,
        policy="net.connect",
        reason=OUTSIDE,
    ),
    delegated(
        204,
        "getsockname",
        ADDRESS,
        ADDRESS_WIRE,
        errors=NET,
        policy="net",
        reason="the second result is the address's length; the name of a Unix socket is known inside",
    ),
    delegated(
        205,
        "getpeername",
        ADDRESS,
        ADDRESS_WIRE,
        errors=NET + " ENOTCONN",
        policy="net",
        reason="the second result is the address's length",
    ),
    delegated(
        206,
        "sendto",
        "fd:fd buf:in(count) count:size flags:hex address:ptr size:size",
        "file:file flags:hex size:size path:path data:in(count)",
        errors=MOVE + " " + PATH,
        policy="net.connect",
        result=Result.COUNT,
        reason="crosses as sendmsg",
    ),
    delegated(
        207,
        "recvfrom",
        "fd:fd buf:out(count) count:size flags:hex address:ptr size:ptr",
        "file:file flags:hex count:size data:out(count)",
        errors=MOVE,
        policy="net",
        result=Result.COUNT,
        reason="crosses as recvmsg",
    ),
    delegated(
        208,
        "setsockopt",
        "fd:fd level:int option:int value:in(size) size:size",
        "file:file level:int option:int value:in(size)",
        errors=NET + " ENOPROTOOPT EDOM EISCONN EPERM ENODEV EADDRNOTAVAIL ENOENT EBUSY ENOTCONN",
        policy="net",
        reason="the usual options of sockets, IP, IPv6 and TCP; ENOPROTOOPT for others",
    ),
    delegated(
        209,
        "getsockopt",
        "fd:fd level:int option:int value:ptr size:inout(4)",
        "file:file level:int option:int value:out(size)",
        errors=NET + " ENOPROTOOPT ENOTCONN",
        policy="net",
        reason="the second result is the value's length",
    ),
    delegated(
        210,
        "shutdown",
        "fd:fd how:int",
        "file:file how:int",
        errors=NET + " ENOTCONN",
        policy="net",
        reason=OUTSIDE,
    ),
    delegated(
        211,
        "sendmsg",
        "fd:fd message:in(56) flags:hex",
        "file:file flags:hex size:size path:path data:in(count)",
        errors=MOVE + " " + PATH,
        policy="net.connect",
        result=Result.COUNT,
        reason="the data begins with `size` bytes of address; no descriptors and no other control data "
        "(EOPNOTSUPP)",
    ),
    delegated(
        212,
        "recvmsg",
        "fd:fd message:inout(56) flags:hex",
        "file:file flags:hex count:size data:out(count)",
        errors=MOVE,
        policy="net",
        result=Result.COUNT,
        reason="the answer begins with 128 bytes for an address; the second result is its length, and above "
        "it the message's flags; no control data",
    ),
    delegated(
        242,
        "accept4",
        "fd:fd address:ptr size:ptr flags:hex",
        "file:file new:file wait:uint address:out(128)",
        errors=NET + DOWN + " ECONNABORTED EMFILE ENFILE EPERM EPROTO",
        policy="net.listen",
        result=Result.FD,
        reason="the second result is the address's length",
    ),
    inside(
        243,
        "recvmmsg",
        "fd:fd messages:ptr count:uint flags:hex timeout:ptr",
        Result.COUNT,
        "recvmsg for each message",
    ),
    inside(
        269, "sendmmsg", "fd:fd messages:ptr count:uint flags:hex", Result.COUNT, "sendmsg for each message"
    ),
)

WAITS: tuple[Row, ...] = (
    inside(20, "epoll_create1", "flags:hex", Result.FD, KEPT_INSIDE),
    inside(21, "epoll_ctl", "set:fd operation:int fd:fd event:ptr", reason=KEPT_INSIDE),
    inside(
        22,
        "epoll_pwait",
        "set:fd events:ptr most:int timeout:int mask:ptr size:size",
        Result.COUNT,
        KEPT_INSIDE,
    ),
    inside(
        441,
        "epoll_pwait2",
        "set:fd events:ptr most:int timeout:ptr mask:ptr size:size",
        Result.COUNT,
        KEPT_INSIDE,
    ),
    inside(
        72,
        "pselect6",
        "count:int read:ptr write:ptr except:ptr timeout:ptr mask:ptr",
        Result.VALUE,
        "crosses as ppoll",
    ),
    inside(74, "signalfd4", "fd:fd mask:in(size) size:size flags:hex", Result.FD, "signals wait inside"),
    inside(85, "timerfd_create", "clock:clock flags:hex", Result.FD, "the TEE's clock"),
    inside(86, "timerfd_settime", "fd:fd flags:hex new:in(32) old:ptr", reason="the TEE's clock"),
    inside(87, "timerfd_gettime", "fd:fd value:out(32)", reason="the TEE's clock"),
)
