# SPDX-License-Identifier: BSD-2-Clause
"""/dev/tee0: the ioctls of Linux's TEE subsystem with OP-TEE's driver below it.

A parameter has the same layout in an ioctl and in an optee_msg; what the program names by the id of shared
memory goes to the TEE by the cookie of its registration. Calls into the TEE are made on host threads of
their own when the program has more than one thread.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from uuid import UUID

from elfhaven.abi import gp, linux
from elfhaven.abi import optee_msg as msg
from elfhaven.abi import tee_ioctl as tee
from elfhaven.errors import TeeError
from elfhaven.normal.driver import Answered, client_uuid
from elfhaven.normal.ree.device import Device, structure, version
from elfhaven.normal.ree.paths import TEE
from elfhaven.normal.ree.shared import SharedMemory, SharedPages
from elfhaven.normal.ree.threads import Outcome
from elfhaven.normal.transport import Login

if TYPE_CHECKING:
    from elfhaven.normal.ree.process import Process

_RMEM: Final = msg.ATTR_RMEM_INPUT - tee.ATTR_TYPE_MEMREF_INPUT
_TMEM: Final = msg.ATTR_TMEM_INPUT - tee.ATTR_TYPE_MEMREF_INPUT
_WORDS: Final = struct.Struct("<QQ")
_SIZE: Final = struct.Struct("<Q")
_RESULT: Final = struct.Struct("<II")
_OPEN_RESULT: Final = struct.Struct("<III")
_OPEN_SESSION_AT, _INVOKE_RET_AT = 40, 12
_ENOMEM, _EIO = linux.ERRNO["ENOMEM"], linux.EIO


@dataclass(slots=True)
class Params:
    """Parameters of a call: what goes to the TEE, and the memory that they use."""

    words: list[bytes] = field(default_factory=list)
    kinds: list[int] = field(default_factory=list)
    used: list[SharedPages] = field(default_factory=list)

    def release(self) -> None:
        for pages in self.used:
            pages.release()
        self.used.clear()


class TeeDevice(Device):
    """One open context: its sessions and its shared memory are no other's."""

    def __init__(self, process: Process) -> None:
        super().__init__()
        self._process = process
        self._memory = process.memory
        self._driver = process.driver
        self.path = TEE
        self.sessions: set[int] = set()
        self._shared = SharedMemory(process, self._share, process.secure.take_back)
        self.requests = {
            tee.IOC_VERSION: self._version,
            tee.IOC_OPEN_SESSION: self._open_session,
            tee.IOC_INVOKE: self._invoke,
            tee.IOC_CANCEL: self._cancel,
            tee.IOC_CLOSE_SESSION: self._close_session,
            tee.IOC_SHM_ALLOC: self._shared.allocate,
            tee.IOC_SHM_REGISTER: self._shared.register,
        }

    def _version(self, argument: int) -> int:
        self._memory.write(argument, version())
        return 0

    # ---- sessions

    def _open_session(self, argument: int) -> Outcome:
        address, body = structure(self._memory, argument, tee.OPEN_SESSION_ARG.size)
        head = tee.OPEN_SESSION_ARG.struct.unpack_from(body)
        uuid, client, login, cancel_id, count = head[0], head[1], head[2], head[3], head[7]
        params = self._params(body, tee.OPEN_SESSION_ARG.size, count)
        try:
            identity = _identity(login, bytes(client))
        except OSError:
            params.release()
            raise
        meta = (
            msg.PARAM.pack(msg.ATTR_META | msg.ATTR_VALUE_INPUT, *_WORDS.unpack(bytes(uuid)), 0),
            msg.PARAM.pack(msg.ATTR_META | msg.ATTR_VALUE_INPUT, *_WORDS.unpack(identity.bytes), login),
        )

        def finish(answer: Answered) -> int:
            if answer.code == gp.TEE_SUCCESS:
                self.sessions.add(answer.session)
            self._memory.write(
                address + _OPEN_SESSION_AT, _OPEN_RESULT.pack(answer.session, answer.code, answer.origin)
            )
            self._give_back(address + tee.OPEN_SESSION_ARG.size, params, answer, len(meta))
            return 0

        return self._call(msg.CMD_OPEN_SESSION, 0, 0, cancel_id, [*meta, *params.words], params, finish)

    def _invoke(self, argument: int) -> Outcome:
        address, body = structure(self._memory, argument, tee.INVOKE_ARG.size)
        function, session, cancel_id, _, _, count = tee.INVOKE_ARG.struct.unpack_from(body)
        params = self._params(body, tee.INVOKE_ARG.size, count)
        if session not in self.sessions:
            params.release()
            raise OSError(linux.EINVAL, "no session of this context")

        def finish(answer: Answered) -> int:
            self._memory.write(address + _INVOKE_RET_AT, _RESULT.pack(answer.code, answer.origin))
            self._give_back(address + tee.INVOKE_ARG.size, params, answer, 0)
            return 0

        command = msg.CMD_INVOKE_COMMAND
        return self._call(command, function, session, cancel_id, params.words, params, finish)

    def _cancel(self, argument: int) -> Outcome:
        cancel_id, session = tee.CANCEL_ARG.struct.unpack(self._memory.read(argument, tee.CANCEL_ARG.size))
        if session not in self.sessions:
            raise OSError(linux.EINVAL, "no session of this context")
        return self._call(msg.CMD_CANCEL, 0, session, cancel_id, [], Params(), lambda _answer: 0)

    def _close_session(self, argument: int) -> Outcome:
        session = self._memory.read_u32(argument)
        if session not in self.sessions:
            raise OSError(linux.EINVAL, "no session of this context")
        self.sessions.discard(session)
        return self._call(msg.CMD_CLOSE_SESSION, 0, session, 0, [], Params(), lambda _answer: 0)

    def _call(
        self,
        command: int,
        function: int,
        session: int,
        cancel_id: int,
        words: list[bytes],
        params: Params,
        finish: Callable[[Answered], int],
    ) -> Outcome:
        def work() -> Answered | int:
            try:
                return self._driver.transact(command, function, session, cancel_id, words)
            except TeeError as error:
                return -(_ENOMEM if error.code == gp.TEE_ERROR_OUT_OF_MEMORY else _EIO)

        def end(answer: Answered | int) -> int:
            params.release()
            return answer if isinstance(answer, int) else finish(answer)

        return self._process.secure.call_out(work, end)

    # ---- parameters

    def _params(self, body: bytes, at: int, count: int) -> Params:
        if len(body) != at + count * tee.PARAM.size:
            raise OSError(linux.EINVAL, "the parameters do not fill the structure")
        params = Params()
        try:
            for index in range(count):
                self._param(params, *tee.PARAM.struct.unpack_from(body, at + index * tee.PARAM.size))
        except OSError:
            params.release()
            raise
        return params

    def _param(self, params: Params, attr: int, a: int, b: int, c: int) -> None:
        if attr & ~tee.ATTR_TYPE_MASK:
            raise OSError(linux.EINVAL, "a bit that no parameter has")
        params.kinds.append(attr)
        if tee.ATTR_TYPE_MEMREF_INPUT <= attr <= tee.ATTR_TYPE_MEMREF_INOUT:
            params.words.append(self._reference(params, attr, a, b, c))
        elif attr in (tee.ATTR_TYPE_NONE, tee.ATTR_TYPE_VALUE_OUTPUT):
            params.words.append(msg.PARAM.pack(attr, 0, 0, 0))
        elif attr <= tee.ATTR_TYPE_VALUE_INOUT:
            params.words.append(msg.PARAM.pack(attr, a, b, c))
        else:
            raise OSError(linux.EINVAL, "no such kind of parameter")

    def _reference(self, params: Params, attr: int, offset: int, size: int, number: int) -> bytes:
        if number == tee.MEMREF_NULL:
            return msg.PARAM.pack(attr + _TMEM, 0, size, 0)
        pages = self._shared.get(number)
        if pages is None or offset + size > pages.size:
            raise OSError(linux.EINVAL, "no such shared memory")
        pages.users += 1
        params.used.append(pages)
        return msg.PARAM.pack(attr + _RMEM, offset, size, pages.cookie)

    def _give_back(self, address: int, params: Params, answer: Answered, skip: int) -> None:
        """Values and sizes of output parameters, nothing else."""
        for index, kind in enumerate(params.kinds):
            at = address + index * tee.PARAM.size
            _, a, b, c = msg.PARAM.unpack_from(answer.params, (index + skip) * msg.PARAM.size)
            if kind in (tee.ATTR_TYPE_VALUE_OUTPUT, tee.ATTR_TYPE_VALUE_INOUT):
                self._memory.write(at + 8, struct.pack("<QQQ", a, b, c))
            elif kind in (tee.ATTR_TYPE_MEMREF_OUTPUT, tee.ATTR_TYPE_MEMREF_INOUT):
                self._memory.write(at + 16, _SIZE.pack(b))

    def _share(self, extents: list[tuple[int, int]], offset: int, size: int) -> int:
        try:
            return self._driver.share(extents, offset, size)
        except TeeError as error:
            code = _ENOMEM if error.code == gp.TEE_ERROR_OUT_OF_MEMORY else linux.EINVAL
            raise OSError(code, error.cause) from None

    def close(self) -> None:
        """Closes the sessions that are left."""
        while self.sessions:
            self._process.secure.close_session(self.sessions.pop())


def _identity(login: int, data: bytes) -> UUID:
    """Who the client is, as Linux vouches for it. EPERM for a group that the caller is not in and for the
    kernel's own logins, EINVAL for others."""
    if tee.LOGIN_REE_KERNEL_MIN <= login <= tee.LOGIN_REE_KERNEL_MAX:
        raise OSError(linux.EPERM, "not for programs")
    if login not in (tee.LOGIN_PUBLIC, tee.LOGIN_USER, tee.LOGIN_GROUP):
        raise OSError(linux.EINVAL, "a login that Linux does not serve")
    identity = client_uuid(Login(login), int.from_bytes(data[:4], "little"))
    if identity is None:
        raise OSError(linux.EPERM, "not in that group")
    return identity
