# SPDX-License-Identifier: BSD-2-Clause
"""/dev/teepriv0: the supplicant takes the TEE's requests and answers them, one or several at a time.

A supplicant that can have several under way begins its parameters with an empty one marked as META, in which
it finds the request's number, and gives it back with the answer. Its memory is for these requests alone: the
secure world is not told of it.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from elfhaven.abi import linux
from elfhaven.abi import tee_ioctl as tee
from elfhaven.normal.ree.device import Device, structure, version
from elfhaven.normal.ree.handles import IN
from elfhaven.normal.ree.paths import SUPPLICANT
from elfhaven.normal.ree.shared import SharedMemory
from elfhaven.normal.ree.threads import Outcome, Wait
from elfhaven.normal.supplicant.requests import Request, Requests
from elfhaven.world.message import Param

if TYPE_CHECKING:
    from elfhaven.normal.ree.process import Process

_META: Final = tee.ATTR_META | tee.ATTR_TYPE_VALUE_INOUT
_FUNCTION: Final = struct.Struct("<I")
_VALUES_OUT: Final = (tee.ATTR_TYPE_VALUE_OUTPUT, tee.ATTR_TYPE_VALUE_INOUT)
_MEMORY_OUT: Final = (tee.ATTR_TYPE_MEMREF_OUTPUT, tee.ATTR_TYPE_MEMREF_INOUT)


class SupplicantDevice(Device):
    """The open node of the one supplicant. With it ends what waits for it."""

    def __init__(self, process: Process, requests: Requests) -> None:
        super().__init__()
        self.path = SUPPLICANT
        self._memory = process.memory
        self._waiting = requests
        self._last: int | None = None  # of a supplicant that has one request at a time
        self._shared = SharedMemory(process, None, process.secure.let_go)
        self.requests = {
            tee.IOC_VERSION: self._version,
            tee.IOC_SHM_ALLOC: self._shared.allocate,
            tee.IOC_SHM_REGISTER: self._shared.register,
            tee.IOC_SUPPL_RECV: self._receive,
            tee.IOC_SUPPL_SEND: self._send,
        }

    def shared(self, number: int, size: int) -> Sequence[memoryview] | None:
        """Where the first `size` bytes of its shared memory lie; None for a number that it has not."""
        pages = self._shared.get(number)
        return None if pages is None or size > pages.size else pages.views(size)

    def close(self) -> None:
        self._waiting.end()

    def _version(self, argument: int) -> int:
        self._memory.write(argument, version(tee.GEN_CAP_PRIVILEGED))
        return 0

    # ---- requests

    def _receive(self, argument: int) -> Outcome:
        """EINVAL for parameters that are not empty, or too few for what waits."""
        address, params = self._params(argument, tee.SUPP_RECV_ARG.size)
        several = bool(params) and params[0].attr == tee.ATTR_META
        if any(param.attr for param in params[several:]):
            raise OSError(linux.EINVAL, "parameters that are not empty")
        try:
            taken = self._waiting.take(len(params) - several)
        except ValueError:
            raise OSError(linux.EINVAL, "too few parameters") from None
        if taken is None:
            return Wait(again=lambda: self._receive(argument), files=((self._waiting.bell, IN),))
        number, request = taken
        meta = [Param(_META, number, 0, 0)] if several else []
        if not several:
            self._last = number
        given = [*meta, *request.params]
        self._memory.write(address, tee.SUPP_RECV_ARG.struct.pack(request.function, len(given)))
        self._memory.write(
            address + tee.SUPP_RECV_ARG.size,
            b"".join(tee.PARAM.struct.pack(p.attr, p.a, p.b, p.c) for p in given),
        )
        return 0

    def _send(self, argument: int) -> int:
        """EINVAL for an answer to nothing."""
        address, params = self._params(argument, tee.SUPP_SEND_ARG.size)
        number = self._last
        if params and params[0].attr == _META:
            number = params.pop(0).a & 0xFFFF_FFFF
        else:
            self._last = None
        request = None if number is None else self._waiting.taken(number)
        if request is None or number is None or len(params) < len(request.params):
            raise OSError(linux.EINVAL, "no request that is under way")
        (result,) = _FUNCTION.unpack(self._memory.read(address, _FUNCTION.size))
        _answer(request, params)
        self._waiting.answer(number, result)
        return 0

    def _params(self, argument: int, least: int) -> tuple[int, list[Param]]:
        """Where a structure lies, and its parameters. EINVAL where they do not fill it."""
        address, body = structure(self._memory, argument, least)
        (count,) = _FUNCTION.unpack_from(body, least - _FUNCTION.size)
        if len(body) != least + count * tee.PARAM.size:
            raise OSError(linux.EINVAL, "the parameters do not fill the structure")
        places = range(least, len(body), tee.PARAM.size)
        return address, [Param(*tee.PARAM.struct.unpack_from(body, at)) for at in places]


def _answer(request: Request, params: Sequence[Param]) -> None:
    """Values and sizes of output parameters, nothing else."""
    for asked, given in zip(request.params, params, strict=False):
        if asked.attr in _VALUES_OUT:
            asked.a, asked.b, asked.c = given.a, given.b, given.c
        elif asked.attr in _MEMORY_OUT:
            asked.b = given.b
