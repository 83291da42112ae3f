# SPDX-License-Identifier: BSD-2-Clause
"""/dev/tee0: the ioctls of Linux's TEE subsystem with OP-TEE's driver below it.

A parameter has the same layout in an ioctl and in an optee_msg; what the program names by the id of shared
memory goes to the TEE by the cookie of its registration. Calls into the TEE are made on host threads of
their own when the program has more than one thread.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from uuid import UUID

from elfhaven.abi import gp, linux
from elfhaven.abi import optee_msg as msg
from elfhaven.abi import tee_ioctl as tee
from elfhaven.errors import TeeError
from elfhaven.machine.memory import PAGE
from elfhaven.normal.driver import Answered, client_uuid
from elfhaven.normal.ree.handles import Handle
from elfhaven.normal.ree.memory import READ, WRITE, Chunk
from elfhaven.normal.ree.paths import SUPPLICANT
from elfhaven.normal.ree.threads import Outcome
from elfhaven.normal.transport import Login

if TYPE_CHECKING:
    from elfhaven.normal.ree.process import Process

_CAPABILITIES: Final = tee.GEN_CAP_GP | tee.GEN_CAP_REG_MEM | tee.GEN_CAP_MEMREF_NULL
_RMEM: Final = msg.ATTR_RMEM_INPUT - tee.ATTR_TYPE_MEMREF_INPUT
_TMEM: Final = msg.ATTR_TMEM_INPUT - tee.ATTR_TYPE_MEMREF_INPUT
_WORDS: Final = struct.Struct("<QQ")
_SIZE: Final = struct.Struct("<Q")
_RESULT: Final = struct.Struct("<II")
_OPEN_RESULT: Final = struct.Struct("<III")
_OPEN_SESSION_AT, _INVOKE_RET_AT = 40, 12
_ENOMEM, _EIO = linux.ERRNO["ENOMEM"], linux.EIO


@dataclass(slots=True, eq=False)
class SharedPages:
    """Memory that the TEE knows by `cookie`. It is taken back once it is closed and no call uses it."""

    cookie: int
    size: int
    chunks: Sequence[Chunk]
    forget: Callable[[SharedPages], None]
    users: int = 1  # its descriptor, and calls under way

    def release(self) -> None:
        self.users -= 1
        if not self.users:
            self.forget(self)


class SharedHandle(Handle):
    """The descriptor of shared memory; what was allocated can be mapped."""

    def __init__(self, pages: SharedPages, own: Chunk | None) -> None:
        super().__init__()
        self.pages = pages
        self._own = own
        self.path = "/dmabuf:"

    def memory(self, offset: int, size: int) -> Chunk | None:
        if self._own is None or offset or size > -(-self.pages.size // PAGE) * PAGE:
            raise OSError(linux.EINVAL, "not that part")
        return self._own

    def seek(self, offset: int, whence: int) -> int:
        if whence == os.SEEK_END and not offset:
            return self.pages.size
        return super().seek(offset, whence)

    def close(self) -> None:
        self.pages.release()


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


class TeeDevice(Handle):
    """One open context: its sessions and its shared memory are no other's."""

    def __init__(self, process: Process, path: str) -> None:
        super().__init__()
        self._process = process
        self._memory = process.memory
        self._driver = process.driver
        self.path = path
        self._privileged = path == SUPPLICANT
        self.sessions: set[int] = set()
        self._shared: dict[int, SharedPages] = {}
        self._requests: dict[int, Callable[[int], Outcome]] = {
            tee.IOC_VERSION: self._version,
            tee.IOC_OPEN_SESSION: self._open_session,
            tee.IOC_INVOKE: self._invoke,
            tee.IOC_CANCEL: self._cancel,
            tee.IOC_CLOSE_SESSION: self._close_session,
            tee.IOC_SHM_ALLOC: self._allocate,
            tee.IOC_SHM_REGISTER: self._register,
        }

    def ioctl(self, request: int, argument: int) -> Outcome:
        serve = self._requests.get(request)
        if serve is None:
            raise OSError(linux.EINVAL, "no such request")
        return serve(argument)

    def _version(self, argument: int) -> int:
        capabilities = _CAPABILITIES | (tee.GEN_CAP_PRIVILEGED if self._privileged else 0)
        data = tee.VERSION_DATA.struct.pack(tee.IMPL_ID_OPTEE, tee.OPTEE_CAP_TZ, capabilities)
        self._memory.write(argument, data)
        return 0

    # ---- sessions

    def _open_session(self, argument: int) -> Outcome:
        address, body = self._argument(argument, tee.OPEN_SESSION_ARG.size)
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
        address, body = self._argument(argument, tee.INVOKE_ARG.size)
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

        return self._process.call_out(work, end)

    # ---- parameters

    def _argument(self, argument: int, least: int) -> tuple[int, bytes]:
        """Where the structure lies that the ioctl's argument names, and a copy of it."""
        address, size = tee.BUF_DATA.struct.unpack(self._memory.read(argument, tee.BUF_DATA.size))
        if not least <= size <= tee.MAX_ARG_SIZE:
            raise OSError(linux.EINVAL, "not the size of that structure")
        return address, self._memory.read(address, size)

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

    # ---- shared memory

    def _allocate(self, argument: int) -> int:
        size, flags, _ = tee.SHM_ALLOC_DATA.struct.unpack(
            self._memory.read(argument, tee.SHM_ALLOC_DATA.size)
        )
        if flags or not size:
            raise OSError(linux.EINVAL, "no such memory")
        chunk = self._memory.chunk(size)
        number = self._add([(chunk, 0, -(-size // PAGE) * PAGE)], 0, size)
        self._memory.write(argument, tee.SHM_ALLOC_DATA.struct.pack(size, 0, number))
        return self._process.files.add(SharedHandle(self._shared[number], chunk), linux.O_CLOEXEC)

    def _register(self, argument: int) -> int:
        data = self._memory.read(argument, tee.SHM_REGISTER_DATA.size)
        address, size, flags, _ = tee.SHM_REGISTER_DATA.struct.unpack(data)
        if flags or not size:
            raise OSError(linux.EINVAL, "no such memory")
        inside = address % PAGE
        span = -(-(inside + size) // PAGE) * PAGE
        pieces = self._memory.pages(address - inside, span, READ | WRITE)
        number = self._add(pieces, inside, size)
        self._memory.write(argument, tee.SHM_REGISTER_DATA.struct.pack(address, size, 0, number))
        return self._process.files.add(SharedHandle(self._shared[number], None), linux.O_CLOEXEC)

    def _add(self, pieces: list[tuple[Chunk, int, int]], offset: int, size: int) -> int:
        """Registers pages with the TEE under a new id."""
        extents = [(chunk.address + at, length) for chunk, at, length in pieces]
        try:
            cookie = self._driver.share(extents, offset, size)
        except TeeError as error:
            code = _ENOMEM if error.code == gp.TEE_ERROR_OUT_OF_MEMORY else linux.EINVAL
            raise OSError(code, error.cause) from None
        number = self._process.next_shared()

        def forget(pages: SharedPages) -> None:
            self._shared.pop(number, None)
            self._process.give_shared(number)
            self._process.take_back(pages)

        chunks = [chunk.hold() for chunk, _, _ in pieces]
        self._shared[number] = SharedPages(cookie, size, chunks, forget)
        return number

    def close(self) -> None:
        """Closes the sessions that are left."""
        while self.sessions:
            self._process.close_session(self.sessions.pop())


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
