# SPDX-License-Identifier: BSD-2-Clause
"""Where registers point when code is hot: what it is compiled for (origins.py)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from elfhaven.machine.native.context import FARTHEST
from elfhaven.machine.native.walk import Extent

_FIXED = frozenset(("x29", "x30", "sp"))  # that point to the stack and to code, whatever code works on
_CLEARLY = 2  # times as many


@dataclass(frozen=True, slots=True)
class Survey:
    """`main`: what should be the main extent from now on, None to leave it as it is; `apart`: the registers
    that point elsewhere."""

    main: Extent | None
    apart: tuple[str, ...]


def survey(held: Mapping[str, int], main: range, find: Callable[[int], Extent | None]) -> Survey:
    """`held`: what registers hold, by name; `main`: the addresses that are looked for in the main extent;
    `find` gives the extent of an address.

    The main extent should be the largest that the guest may write and that a register points into: memory
    grows, and an extent that was the largest is then a part of one that is. Where most registers point
    elsewhere those that point nowhere count too, as what they will be loaded with will lie there.
    """
    extents: list[Extent] = []
    for address in held.values():
        if address not in main and not any(one.holds(address) for one in extents):
            found = find(address)
            extents += [found] if found is not None else []
    reaches = {range(one.first, one.first + one.size - FARTHEST): one for one in extents if one.is_data}
    now = max((main, *reaches), key=len)
    near = {name for name, address in held.items() if address in now}
    apart = {
        name
        for name in held.keys() - near
        if held[name] in main or any(one.holds(held[name]) for one in extents)
    }
    if len(apart - _FIXED) > _CLEARLY * len(near - _FIXED):
        apart = held.keys() - near
    return Survey(None if now is main else reaches[now], tuple(sorted(apart)))
