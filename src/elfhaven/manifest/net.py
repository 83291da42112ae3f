# SPDX-License-Identifier: BSD-2-Clause
"""Peers and own addresses of a program: the entries of `[net]` and the decision by them.

    127.0.0.1:5432   10.0.0.0/8:443   [::1]:80   [2001:db8::]/32:8000-8100   *:443   127.0.0.1:*
    unix:/run/db.sock   unix:work/   unix:@name

A name of a host is resolved when the program is packed, and its addresses stand in the signed image: inside
nobody could tell whether an answer to a name is true. So a name with a `*` is refused. Port 0 in `listen` is
a port of the kernel's choosing; `*` holds it too.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from elfhaven.abi.container import NetFamily, NetKind, RuleFlag
from elfhaven.errors import ManifestError

_ENTRY = re.compile(r"(?:\[([^\]]*)\]|([^:\[\]/]*))(?:/([0-9]{1,3}))?:(\*|[0-9]{1,5}(?:-[0-9]{1,5})?)")
_HOST = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")
_SHAPE = 'write ADDRESS:PORT, [IPV6]:PORT, ADDRESS/BITS:PORT, *:PORT, NAME:PORT or "unix:PATH"'
_UNIX = "unix:"
ALL_PORTS = (0, 65535)
NO_FLAGS = RuleFlag(0)
SUN_PATH_MAX = 107


@dataclass(frozen=True, slots=True)
class NetRule:
    """Addresses that a program may use. `address` is in network order; `ports` has both ends in it."""

    kind: NetKind
    family: NetFamily
    address: bytes = b""
    prefix: int = 0
    ports: tuple[int, int] = ALL_PORTS
    path: str = ""
    flags: RuleFlag = NO_FLAGS

    def covers(self, kind: NetKind, address: bytes, port: int) -> bool:
        """`address`: 4 or 16 bytes. An address of IPv4 written as one of IPv6 is that of IPv4."""
        address = plain(address)
        if (
            kind is not self.kind
            or self.family is NetFamily.UNIX
            or not self.ports[0] <= port <= self.ports[1]
        ):
            return False
        if self.family is NetFamily.ANY:
            return True
        if len(address) != len(self.address):
            return False
        shift = 8 * len(address) - self.prefix
        return int.from_bytes(address) >> shift == int.from_bytes(self.address) >> shift


def plain(address: bytes) -> bytes:
    """::ffff:a.b.c.d as a.b.c.d."""
    return address[12:] if address[:12] == b"\0" * 10 + b"\xff\xff" else address


Lookup = Callable[[str], Iterable[str]]


def system_lookup(name: str) -> list[str]:
    """The addresses of a host, by this machine's resolver. Raises OSError."""
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return sorted({str(item[4][0]).partition("%")[0] for item in found})


def check(text: str) -> None:
    """Raises ValueError, with what would be right, for an entry that is none. Looks no name up."""
    if text.startswith(_UNIX):
        _check_unix(text.removeprefix(_UNIX))
        return
    host, bits, _ = _split(text)
    if host == "*":
        if bits is not None:
            raise ValueError(f"`*` is every address; {_SHAPE}")
        return
    address = _number(host)
    if address is not None:
        _prefix(address, bits)
    elif "*" in host:
        raise ValueError(
            "a name with `*` cannot be looked up when the program is packed; name the hosts, or their "
            'addresses as "192.0.2.0/24:443", or "*:443" for every address'
        )
    elif bits is not None or not _HOST.fullmatch(host):
        raise ValueError(f"no address and no name of a host; {_SHAPE}")


def parse(kind: NetKind, text: str, lookup: Lookup = system_lookup) -> tuple[NetRule, ...]:
    """The rules of an entry that `check` let pass. Raises ManifestError for a name without addresses."""
    if text.startswith(_UNIX):
        return (_unix(kind, text.removeprefix(_UNIX)),)
    host, bits, ports = _split(text)
    if host == "*":
        return (NetRule(kind, NetFamily.ANY, ports=ports),)
    address = _number(host)
    if address is not None:
        return (_rule(kind, address, bits, ports),)
    try:
        found = [ipaddress.ip_address(item) for item in lookup(host)]
    except OSError as error:
        raise ManifestError(
            f"[net] names the host {host}, which cannot be looked up: {error.strerror or error}",
            "write its address, or pack where the name is known",
        ) from None
    return tuple(_rule(kind, item, None, ports) for item in found)


def _split(text: str) -> tuple[str, int | None, tuple[int, int]]:
    match = _ENTRY.fullmatch(text)
    if match is None or not (match[1] or match[2]):
        raise ValueError(_SHAPE)
    if match[1] and ":" not in match[1]:
        raise ValueError(f"brackets are for addresses of IPv6; {_SHAPE}")
    first, _, last = ("0", "", "65535") if match[4] == "*" else match[4].partition("-")
    ports = (int(first), int(last or first))
    if not ports[0] <= ports[1] <= ALL_PORTS[1]:
        raise ValueError("a port is a number up to 65535, or FIRST-LAST")
    return match[1] or match[2], int(match[3]) if match[3] else None, ports


def _number(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _prefix(address: ipaddress.IPv4Address | ipaddress.IPv6Address, bits: int | None) -> int:
    if bits is not None and bits > address.max_prefixlen:
        raise ValueError(f"/{bits} is longer than the address")
    return address.max_prefixlen if bits is None else bits


def _rule(
    kind: NetKind,
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
    bits: int | None,
    ports: tuple[int, int],
) -> NetRule:
    family = NetFamily.IPV4 if address.version == 4 else NetFamily.IPV6
    return NetRule(kind, family, address.packed, _prefix(address, bits), ports)


def _check_unix(path: str) -> None:
    if not path or path == "@":
        raise ValueError('"unix:" needs a path, or "@" and an abstract name')
    if len(path.encode()) > SUN_PATH_MAX:
        raise ValueError(f"a socket's path has at most {SUN_PATH_MAX} bytes")


def _unix(kind: NetKind, path: str) -> NetRule:
    if path.startswith("@"):
        return NetRule(kind, NetFamily.UNIX, path=path)
    flags = RuleFlag(0) if path.startswith("/") else RuleFlag.RELATIVE
    if path.endswith("/"):
        flags |= RuleFlag.TREE
    return NetRule(kind, NetFamily.UNIX, path=path.rstrip("/") or "/", flags=flags)
