# SPDX-License-Identifier: BSD-2-Clause
"""log, panic, random, access rights, cancellation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfhaven.abi.gp import (
    TEE_ERROR_ACCESS_DENIED,
    TEE_ERROR_OUT_OF_MEMORY,
    TEE_MEMORY_ACCESS_ANY_OWNER,
    TEE_MEMORY_ACCESS_NONSECURE,
    TEE_MEMORY_ACCESS_READ,
    TEE_MEMORY_ACCESS_SECURE,
    TEE_MEMORY_ACCESS_WRITE,
)
from elfhaven.machine.address_space import GuestFault
from elfhaven.machine.memory import PAGE
from elfhaven.machine.pagetable import Protection
from elfhaven.secure.result import Panicked, TeeResult

if TYPE_CHECKING:
    from elfhaven.secure.task import Task

LOG_MAX = 1 << 16

BOUNCE_BUFFER = 4096  # bytes that the core copies on a thread's behalf at a time


class MiscCalls:
    def __init__(self, task: Task) -> None:
        self._task = task

    def log(self, address: int, length: int) -> None:
        """Says nothing of memory that is not there: the call has no result on OP-TEE."""
        try:
            text = self._task.space.read(address, min(length, LOG_MAX)).decode("utf-8", "replace")
        except GuestFault:
            return
        self._task.core.console([line.rstrip("\0") for line in text.rstrip("\n").split("\n")])

    def panic(self, code: int) -> None:
        raise Panicked(code & 0xFFFFFFFF)

    def cryp_random_number_generate(self, address: int, length: int) -> None:
        if length > BOUNCE_BUFFER:
            raise TeeResult(TEE_ERROR_OUT_OF_MEMORY)
        self._task.space.check(address, length, Protection.WRITE)
        self._task.space.write(address, self._task.core.config.random(length))

    def check_access_rights(self, flags: int, address: int, length: int) -> None:
        both = TEE_MEMORY_ACCESS_SECURE | TEE_MEMORY_ACCESS_NONSECURE
        if flags & both == both:
            raise TeeResult(TEE_ERROR_ACCESS_DENIED)
        rights = Protection.NONE
        if flags & TEE_MEMORY_ACCESS_READ:
            rights |= Protection.READ
        if flags & TEE_MEMORY_ACCESS_WRITE:
            rights |= Protection.WRITE
        start = address // PAGE * PAGE  # by pages, so that an empty range in the middle of one is checked too
        self._task.space.check(start, address + length - start, rights)
        if flags & (both | TEE_MEMORY_ACCESS_ANY_OWNER) != TEE_MEMORY_ACCESS_ANY_OWNER:
            self._check_owner(flags, address, length)

    def _check_owner(self, flags: int, address: int, length: int) -> None:
        if not flags & TEE_MEMORY_ACCESS_ANY_OWNER:
            self._task.space.check_private(address, length)
        end = address + length
        while address < end:
            mapping = self._task.space.find(address)
            if mapping is None:
                raise TeeResult(TEE_ERROR_ACCESS_DENIED)
            wrong = TEE_MEMORY_ACCESS_NONSECURE if mapping.backing.secure else TEE_MEMORY_ACCESS_SECURE
            if flags & wrong:
                raise TeeResult(TEE_ERROR_ACCESS_DENIED)
            address = mapping.end

    def get_cancellation_flag(self, address: int) -> None:
        session = self._task.session
        cancelled = not session.cancel_masked and self._task.core.is_cancelled(session)
        self._task.space.write_u32(address, int(cancelled))

    def unmask_cancellation(self, address: int) -> None:
        self._mask(address, False)

    def mask_cancellation(self, address: int) -> None:
        self._mask(address, True)

    def _mask(self, address: int, masked: bool) -> None:
        session = self._task.session
        self._task.space.write_u32(address, int(session.cancel_masked))
        session.cancel_masked = masked
