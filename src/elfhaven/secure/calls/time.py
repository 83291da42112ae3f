# SPDX-License-Identifier: BSD-2-Clause
"""wait and the three clocks. The time of a TA is an offset to the normal world's, kept in the core's
memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfhaven.abi.gp import (
    TEE_ERROR_BAD_PARAMETERS,
    TEE_ERROR_CANCEL,
    TEE_ERROR_OVERFLOW,
    TEE_ERROR_TIME_NOT_SET,
)
from elfhaven.abi.utee import TIME
from elfhaven.secure.result import Panicked, TeeResult

if TYPE_CHECKING:
    from elfhaven.secure.task import Task

_SYSTEM, _TA, _REE = 0, 1, 2
_SLICE = 100  # ms; how long one RPC sleeps at most, so that a wait can be ended
_CANCELLABLE_SLICE = 10
_FOREVER = 0xFFFFFFFF


class TimeCalls:
    def __init__(self, task: Task) -> None:
        self._task = task

    def wait(self, milliseconds: int) -> None:
        clock = self._task.core.config.clock
        milliseconds &= 0xFFFFFFFF
        end = None if milliseconds == _FOREVER else clock.milliseconds() + milliseconds
        while True:
            self._check_ended()
            session = self._task.session
            left = _SLICE if end is None else end - clock.milliseconds()
            if left <= 0:
                return
            piece = min(left, _SLICE if session.cancel_masked else _CANCELLABLE_SLICE)
            self._task.core.rpc.suspend(self._task.thread, piece)

    def _check_ended(self) -> None:
        session = self._task.session
        if self._task.thread.interrupted:
            raise Panicked(0)
        if not session.cancel_masked and self._task.core.is_cancelled(session):
            raise TeeResult(TEE_ERROR_CANCEL)

    def get_time(self, category: int, address: int) -> None:
        if category == _SYSTEM:
            seconds, millis = divmod(self._task.core.config.clock.milliseconds(), 1000)
        elif category == _REE:
            seconds, millis = self._task.core.rpc.time(self._task.thread)
        elif category == _TA:
            seconds, millis = self._ta_time()
        else:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        self._task.space.write_private(address, TIME.pack(seconds & 0xFFFFFFFF, millis))
        if seconds > 0xFFFFFFFF:
            raise TeeResult(TEE_ERROR_OVERFLOW)

    def _ta_time(self) -> tuple[int, int]:
        offset = self._task.core.ta_time.get(self._task.uuid)
        if offset is None:
            raise TeeResult(TEE_ERROR_TIME_NOT_SET)
        return divmod(self._now() + offset, 1000)

    def set_ta_time(self, address: int) -> None:
        seconds, millis = TIME.unpack(self._task.space.read_private(address, TIME.size))
        if millis >= 1000:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        self._task.core.ta_time[self._task.uuid] = seconds * 1000 + millis - self._now()

    def _now(self) -> int:
        seconds, millis = self._task.core.rpc.time(self._task.thread)
        return seconds * 1000 + millis
