# SPDX-License-Identifier: BSD-2-Clause
"""Calls that never leave the secure world, for a recorder: of TAs in Python to TAs and to pseudo TAs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, Protocol
from uuid import UUID

from elfhaven.abi import gp
from elfhaven.abi.utee import PARAMS
from elfhaven.calls.utee import UTEE
from elfhaven.sdk.sequence_shown import Shown, shown_memory
from elfhaven.ta.params import Kind
from elfhaven.ta.program import EntryPoint, PythonTa
from elfhaven.ta.system import System

_OPEN: Final = UTEE.by_name("open_ta_session").number
_INVOKE: Final = UTEE.by_name("invoke_ta_command").number
_CLOSE: Final = UTEE.by_name("close_ta_session").number
_VALUES: Final = {
    Kind.VALUE_INPUT: "value in",
    Kind.VALUE_OUTPUT: "value out",
    Kind.VALUE_INOUT: "value inout",
}
_MEMORY: Final = {
    Kind.MEMREF_INPUT: "memref in",
    Kind.MEMREF_OUTPUT: "memref out",
    Kind.MEMREF_INOUT: "memref inout",
}


class Told(Protocol):
    """Who is told of such calls."""

    def ta_calls(
        self, source: UUID, target: UUID | None, what: str, command: int, shown: list[Shown]
    ) -> None: ...

    def ta_answers(self, source: UUID, target: UUID | None, result: int, shown: list[Shown]) -> None: ...


def watched(ta: PythonTa, told: Told) -> PythonTa:
    """The TA, its calls to others told of."""

    def start(system: System) -> EntryPoint:
        return ta.start(_Watched(system, ta.uuid, told))

    return replace(ta, start=start)


class _Watched:
    """ta.system.System."""

    def __init__(self, system: System, owner: UUID, told: Told) -> None:
        self._system, self._owner, self._told = system, owner, told
        self._sessions: dict[int, UUID] = {}
        self.read = system.read
        self.write = system.write
        self.reserve = system.reserve
        self.release = system.release
        self._watch: dict[int, Callable[..., int]] = {
            _OPEN: self._open,
            _INVOKE: self._invoke,
            _CLOSE: self._close,
        }

    def call(self, number: int, *words: int) -> int:
        watch = self._watch.get(number)
        return self._system.call(number, *words) if watch is None else watch(number, *words)

    def _open(self, number: int, *words: int) -> int:
        target = UUID(bytes_le=self.read(words[0], 16))
        result = self._made(target, "open session", 0, words[2], number, words)
        if not result:
            self._sessions[int.from_bytes(self.read(words[3], 4), "little")] = target
        return result

    def _invoke(self, number: int, *words: int) -> int:
        return self._made(self._sessions.get(words[0]), "invoke", words[2], words[3], number, words)

    def _close(self, number: int, *words: int) -> int:
        return self._made(self._sessions.pop(words[0], None), "close session", 0, 0, number, words)

    def _made(
        self, target: UUID | None, what: str, command: int, params: int, number: int, words: tuple[int, ...]
    ) -> int:
        """Makes the call; `params` is where its struct utee_params lies, 0 for none."""
        self._told.ta_calls(self._owner, target, what, command, self._shown(params, before=True))
        result = gp.TEE_ERROR_TARGET_DEAD
        try:
            result = self._system.call(number, *words)
        finally:  # the TA itself may end there
            failed = bool(result)
            shown = [] if failed else self._shown(params, before=False)
            self._told.ta_answers(self._owner, target, result, shown)
        return result

    def _shown(self, address: int, *, before: bool) -> list[Shown]:
        if not address:
            return []
        words = PARAMS.unpack(self.read(address, PARAMS.size))
        made = (
            self._one(gp.param_type(words[0], place), words[1 + 2 * place], words[2 + 2 * place], before)
            for place in range(gp.TEE_NUM_PARAMS)
        )
        return [each for each in made if each.kind]

    def _one(self, kind: Any, a: int, b: int, before: bool) -> Shown:
        if kind in _VALUES:
            silent = kind == (Kind.VALUE_OUTPUT if before else Kind.VALUE_INPUT)
            return Shown("") if silent else Shown(_VALUES[kind], (a & 0xFFFFFFFF, b & 0xFFFFFFFF))
        if kind not in _MEMORY or (not before and kind == Kind.MEMREF_INPUT):
            return Shown("")
        if before and kind == Kind.MEMREF_OUTPUT:
            return Shown("room for", size=b)
        return shown_memory(_MEMORY[kind], b, lambda most: self.read(a, min(b, most)) if b else b"")
