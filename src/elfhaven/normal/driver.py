# SPDX-License-Identifier: BSD-2-Clause
"""The driver: speaks SMC and optee_msg to a secure world, and serves its RPCs. Implements Transport.

A call takes a message page from a free list, fills it, and makes one yielding SMC; the suspended thread is
resumed after each RPC on the same host thread. When the secure world has no thread left, the call waits
until another one ends.

Locks: `_ended` guards the count of ended calls; nothing is called while it is held.
"""

from __future__ import annotations

import os
import struct
import threading
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID, uuid5

from elfhaven.abi import gp, smc
from elfhaven.abi import optee_msg as msg
from elfhaven.errors import TargetError, TeeError
from elfhaven.normal.buffers import Buffers, take
from elfhaven.normal.marshal import Marshalled, marshal
from elfhaven.normal.rpc import Clock, Rpc, Service, Supplicant, SystemClock
from elfhaven.normal.transport import Allocation, Login, Parameter, Reply
from elfhaven.world.message import Message, build, message_size, parse
from elfhaven.world.shared_memory import NormalMemory, Pages
from elfhaven.world.smc import SecureWorld

_LOGIN_NAMESPACE: Final = UUID("58ac9ca0-2086-4683-a1b8-ec4bc08e01b6")  # Linux's, for USER and GROUP logins
_RETRY_SECONDS: Final = 0.1
_RESULT: Final = struct.Struct("<II")  # ret and ret_origin


class Driver:
    """One normal world's way into a secure world. Close it after its last session."""

    def __init__(
        self,
        secure: SecureWorld,
        normal: NormalMemory,
        supplicant: Supplicant,
        clock: Clock | None = None,
        services: Mapping[int, Service] | None = None,
    ) -> None:
        self._smc = secure.smc
        self._memory = normal
        self._rpc = Rpc(normal, supplicant, clock or SystemClock(), services)
        self._pages: list[Pages] = []
        self._sessions: set[int] = set()
        self._ended = threading.Condition()
        self._ended_count = 0
        self._buffers = Buffers(normal, self.send)
        self._exchange_capabilities()

    def open_session(
        self, uuid: UUID, login: Login, group: int, params: Sequence[Parameter], cancel_id: int
    ) -> Reply:
        client = _client_uuid(login, group)
        if client is None:
            return Reply(gp.TEE_ERROR_NOT_SUPPORTED, gp.TEE_ORIGIN_COMMS)
        meta = (
            msg.PARAM.pack(msg.ATTR_META | msg.ATTR_VALUE_INPUT, *_octets(uuid), 0),
            msg.PARAM.pack(msg.ATTR_META | msg.ATTR_VALUE_INPUT, *_octets(client), login),
        )
        reply = self._transact(msg.CMD_OPEN_SESSION, 0, 0, cancel_id, params, meta)
        if reply.code == gp.TEE_SUCCESS:
            self._sessions.add(reply.session)
        return reply

    def invoke(self, session: int, command: int, params: Sequence[Parameter], cancel_id: int) -> Reply:
        if (
            session not in self._sessions
        ):  # as Linux's driver does, which answers EINVAL before the TEE is asked
            return Reply(gp.TEE_ERROR_BAD_PARAMETERS, gp.TEE_ORIGIN_COMMS)
        return self._transact(msg.CMD_INVOKE_COMMAND, command, session, cancel_id, params, ())

    def close_session(self, session: int) -> None:
        self._sessions.discard(session)
        self.send(Message(msg.CMD_CLOSE_SESSION, session=session))

    def cancel(self, session: int, cancel_id: int) -> None:
        self.send(Message(msg.CMD_CANCEL, session=session, cancel_id=cancel_id))

    def allocate(self, size: int) -> Allocation:
        buffer = self._buffers.register(size)
        return Allocation(buffer.handle, buffer.view)

    def register(self, buffer: memoryview) -> Allocation:
        """The TEE sees a copy of the buffer, made before and after each call that refers to it."""
        registered = self._buffers.register(len(buffer), mirror=buffer)
        return Allocation(registered.handle, buffer)

    def release(self, handle: int) -> None:
        self._buffers.release(handle)

    def close(self) -> None:
        """Gives back all shared memory. The secure world must not be in use any more."""
        self._buffers.close()
        self._rpc.close()
        while self._pages:
            self._memory.free(self._pages.pop())

    def send(self, message: Message) -> Message:
        """One message and its answer."""
        page = self._take_page()
        try:
            data = build(message)
            page.view[: len(data)] = data
            self._call(page)
            return parse(bytes(page.view[: len(data)]))
        finally:
            self._pages.append(page)

    def _transact(
        self,
        command: int,
        function: int,
        session: int,
        cancel_id: int,
        params: Sequence[Parameter],
        meta: tuple[bytes, ...],
    ) -> Reply:
        header = msg.HEADER.pack(command, function, session, cancel_id, 0, 0, 0, len(meta) + len(params))
        marshalled = marshal(params, self._buffers)
        try:
            page = self._take_page()
            try:
                data = b"".join((header, *meta, *marshalled.words))
                page.view[: len(data)] = data
                self._call(page)
                return _reply(page.view, message_size(len(meta)), marshalled)
            finally:
                self._pages.append(page)
        finally:
            marshalled.release(self._buffers)

    def _call(self, page: Pages) -> None:
        """Makes the call whose message lies in `page` and serves its RPCs.

        What interrupts an RPC on this side (a signal's exception) is raised when the call has ended: the
        secure world's thread is never left suspended.
        """
        high, low = smc.split(page.physical_address)
        first: Sequence[int] = (smc.CALL_WITH_ARG, high, low, 0, 0, 0, 0, 0)
        registers = first
        interrupted: BaseException | None = None
        while True:
            seen = self._ended_count
            a0, a1, a2, a3 = self._smc(registers)
            if a0 == smc.RETURN_OK:
                break
            if smc.is_rpc(a0):
                try:
                    registers = self._rpc.serve(a0, a1, a2, a3)
                except BaseException as error:
                    interrupted = interrupted or error
                    registers = (smc.RETURN_FROM_RPC, 0, 0, a3, 0, 0, 0, 0)
            elif a0 in (smc.RETURN_ETHREAD_LIMIT, smc.RETURN_EBUSY):
                self._wait_for_a_thread(seen)
                registers = first
            else:
                raise _refused(a0)
        with self._ended:
            self._ended_count += 1
            self._ended.notify_all()
        if interrupted is not None:
            raise interrupted

    def _wait_for_a_thread(self, seen: int) -> None:
        """Waits for another call to end; for a moment only, as another normal world's may end unseen."""
        with self._ended:
            self._ended.wait_for(lambda: self._ended_count != seen, _RETRY_SECONDS)

    def _take_page(self) -> Pages:
        try:
            return self._pages.pop()
        except IndexError:
            return take(self._memory, msg.PAGE_SIZE)

    def _exchange_capabilities(self) -> None:
        a0, a1, _, _ = self._smc((smc.EXCHANGE_CAPABILITIES, 0, 0, 0, 0, 0, 0, 0))
        if a0 != smc.RETURN_OK:
            raise TargetError(
                f"the secure world does not answer as an OP-TEE: EXCHANGE_CAPABILITIES gave {a0:#x}"
            )
        if not a1 & smc.SEC_CAP_DYNAMIC_SHM:
            raise TargetError("the secure world cannot register shared memory (no DYNAMIC_SHM)")


def _reply(view: memoryview, params_at: int, marshalled: Marshalled) -> Reply:
    code, origin = _RESULT.unpack_from(view, msg.RET_OFFSET)
    session = struct.unpack_from("<I", view, msg.SESSION_OFFSET)[0]
    return Reply(code, origin, session, marshalled.outputs(view, params_at))


def _octets(uuid: UUID) -> tuple[int, int]:
    """A UUID's octets as the two words of a value parameter."""
    return int.from_bytes(uuid.bytes[:8], "little"), int.from_bytes(uuid.bytes[8:], "little")


def _client_uuid(login: Login, group: int) -> UUID | None:
    """The identity that the normal world vouches for, as Linux derives it; None for other logins.

    GROUP needs the caller to be in the group.
    """
    if login is Login.PUBLIC:
        return UUID(int=0)
    if login is Login.USER:
        return uuid5(_LOGIN_NAMESPACE, f"uid={os.geteuid():x}")
    if login is Login.GROUP and group in (os.getegid(), *os.getgroups()):
        return uuid5(_LOGIN_NAMESPACE, f"gid={group:x}")
    return None


def _refused(a0: int) -> TeeError:
    """What libteec makes of a call that the secure world does not take."""
    code = gp.TEE_ERROR_OUT_OF_MEMORY if a0 == smc.RETURN_ENOMEM else gp.TEE_ERROR_COMMUNICATION
    return TeeError(code, gp.TEE_ORIGIN_COMMS, f"the secure world refused the call: SMC returned {a0:#x}")
