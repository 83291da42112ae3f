# SPDX-License-Identifier: BSD-2-Clause
"""What the nodes of Linux's TEE subsystem have in common: how an ioctl names its structure, the version."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from elfhaven.abi import linux
from elfhaven.abi import tee_ioctl as tee
from elfhaven.normal.ree.handles import Handle
from elfhaven.normal.ree.memory import UserMemory
from elfhaven.normal.ree.threads import Outcome

_CAPABILITIES: Final = tee.GEN_CAP_GP | tee.GEN_CAP_REG_MEM | tee.GEN_CAP_MEMREF_NULL


class Device(Handle):
    """A node that serves `requests`, by their number; each is given the ioctl's argument."""

    requests: Mapping[int, Callable[[int], Outcome]]

    def ioctl(self, request: int, argument: int) -> Outcome:
        serve = self.requests.get(request)
        if serve is None:
            raise OSError(linux.EINVAL, "no such request")
        return serve(argument)


def version(more: int = 0) -> bytes:
    """tee_ioctl_version_data with `more` capabilities than a client's node has."""
    return tee.VERSION_DATA.struct.pack(tee.IMPL_ID_OPTEE, tee.OPTEE_CAP_TZ, _CAPABILITIES | more)


def structure(memory: UserMemory, argument: int, least: int) -> tuple[int, bytes]:
    """Where the structure lies that the ioctl's argument names, and a copy of it. EINVAL unless it has from
    `least` bytes to as many as Linux takes."""
    address, size = tee.BUF_DATA.struct.unpack(memory.read(argument, tee.BUF_DATA.size))
    if not least <= size <= tee.MAX_ARG_SIZE:
        raise OSError(linux.EINVAL, "not the size of that structure")
    return address, memory.read(address, size)
