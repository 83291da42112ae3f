# SPDX-License-Identifier: BSD-2-Clause
"""What OP-TEE's own test suite needs on the other side: the PTA invoke_tests, which a test build of OP-TEE
has in its core, and the supplicant plugin that the suite brings. A device has them if it is given them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final
from uuid import UUID

from elfhaven.abi.gp import (
    TEE_ERROR_BAD_PARAMETERS,
    TEE_ERROR_BAD_STATE,
    TEE_ERROR_GENERIC,
    TEE_ERROR_NOT_SUPPORTED,
    TEE_NUM_PARAMS,
    TEE_PARAM_TYPE_MEMREF_INOUT,
    TEE_PARAM_TYPE_MEMREF_INPUT,
    TEE_PARAM_TYPE_MEMREF_OUTPUT,
    TEE_PARAM_TYPE_VALUE_INOUT,
    TEE_PARAM_TYPE_VALUE_INPUT,
    TEE_PARAM_TYPE_VALUE_OUTPUT,
    TEE_STORAGE_PRIVATE,
    TEE_SUCCESS,
    param_types,
)
from elfhaven.secure.params import Parameters, Value
from elfhaven.secure.pta.base import Call, Command, PseudoTa, taken
from elfhaven.secure.result import TeeResult
from elfhaven.secure.storage.pobj import PersistentObject
from elfhaven.secure.turn import Turn

if TYPE_CHECKING:
    from elfhaven.normal.supplicant.plugin import Plugin
    from elfhaven.secure.core import SecureCore

PLUGIN_UUID: Final = UUID("f07bfc66-958c-4a15-99c0-260e4e7375dd")
_IN, _OUT, _INOUT = TEE_PARAM_TYPE_VALUE_INPUT, TEE_PARAM_TYPE_VALUE_OUTPUT, TEE_PARAM_TYPE_VALUE_INOUT
_MEMORY = TEE_PARAM_TYPE_MEMREF_INOUT
_COPY = param_types(TEE_PARAM_TYPE_MEMREF_INPUT, TEE_PARAM_TYPE_MEMREF_OUTPUT)
_WRITER, _READER = 0, 1
_PAGE = 4096


class InvokeTestsPta(PseudoTa):
    """pta_invoke_tests.h. What this core does not have (secure data path, lock checks, a device tree) is
    answered as a build of OP-TEE without it answers."""

    uuid = UUID("d96a5b40-c3e5-21e3-8794-1002a5d5c61b")
    unknown = TEE_ERROR_BAD_PARAMETERS
    commands = (
        Command(0, "trace"),
        Command(1, "parameters"),
        Command(2, "self_tests"),
        Command(3, "secure_data_path", _COPY),
        Command(4, "secure_data_path", param_types(_MEMORY)),
        Command(5, "secure_data_path", _COPY),
        Command(6, "hash_tree"),
        Command(7, "mutex", param_types(_IN, _OUT)),
        Command(8, "lockdep", reason="the core has one lock"),
        Command(9, "aes_perf", reason="it would measure the host"),
        Command(10, "null_memory", param_types(_MEMORY)),
        Command(11, "device_tree_drivers"),
    )

    def __init__(self, core: SecureCore) -> None:
        super().__init__(core)
        self._turn = Turn(core.rpc)
        self._before = [0, 0]  # by kind: waiting for the lock
        self._during = [0, 0]  # by kind: holding it
        self._values = [0, 0]  # what the lock guards: the second is twice the first

    def trace(self, call: Call, params: Parameters) -> None:
        self._core.console(['I/TC:? 0 pseudo TA "invoke_tests.pta" says "Hello world !"'])

    def parameters(self, call: Call, params: Parameters) -> None:
        """Sums: of the two halves of a value, of three values, of the bytes of a buffer."""
        kinds = [params.kind(place) for place in range(TEE_NUM_PARAMS)]
        used = [place for place, kind in enumerate(kinds) if kind]
        if [kinds[place] for place in used] == [_INOUT]:
            value = params.value(used[0])
            value.a = value.a + value.b & 0xFFFFFFFF
        elif sorted(kinds) == [_IN, _IN, _IN, _OUT]:
            given = [params.value(place) for place, kind in enumerate(kinds) if kind == _IN]
            total = Value(sum(v.a for v in given) & 0xFFFFFFFF, sum(v.b for v in given) & 0xFFFFFFFF)
            params.items[kinds.index(_OUT)] = total
        elif [kinds[place] for place in used] == [_MEMORY]:
            buffer = params.memory(used[0]).buffer
            if buffer is not None:
                buffer.write(bytes([sum(taken(params, used[0])) & 0xFF]))
        else:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)

    def null_memory(self, call: Call, params: Parameters) -> None:
        memory = params.memory(0)
        if memory.buffer is not None or memory.size:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)

    def device_tree_drivers(self, call: Call, params: Parameters) -> None:
        """A core without these tests says so, and no more."""
        self._core.console(["I/TC:? 0 dt_driver tests are not embedded"])

    def secure_data_path(self, call: Call, params: Parameters) -> None:
        """No buffer is of a secure data path."""
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)

    # ---- tests of the core

    def self_tests(self, call: Call, params: Parameters) -> None:
        """Pages come clean and go back, more than there are is refused, and the account holds."""
        pages = self._core.pages
        before = pages.used
        held = [pages.allocate(size) for size in (1, _PAGE, 3 * _PAGE + 1)]
        spans = [backing.extents[0] for backing in held]
        clean = not any(any(pages.memory.slice(*span)) for span in spans)
        apart = all(a + size <= b or b + more <= a for a, size in spans for b, more in spans if a != b)
        for backing in held:
            pages.memory.slice(*backing.extents[0])[:] = b"x" * backing.extents[0][1]
            pages.free(backing)
        if not (clean and apart and pages.used == before):
            raise TeeResult(TEE_ERROR_GENERIC)

    def hash_tree(self, call: Call, params: Parameters) -> None:
        """A stored object, written in the middle and past its end, cut, and read back block by block."""
        backend = self._core.storage.backend(TEE_STORAGE_PRIVATE)
        if backend is None:
            raise TeeResult(TEE_ERROR_NOT_SUPPORTED)
        place = PersistentObject(backend, self.uuid, b"hash tree")
        model = bytearray(b"a" * 5000)
        handle = backend.create(call.thread, place, True, bytes(model))
        for at, data in ((4090, b"b" * 20), (3 * _PAGE, b"c" * 5000), (0, b"d"), (70 * _PAGE, b"e")):
            model.extend(bytes(max(0, at + len(data) - len(model))))
            model[at : at + len(data)] = data
            backend.write(call.thread, handle, at, data)
        backend.truncate(call.thread, handle, 60 * _PAGE + 7)
        del model[60 * _PAGE + 7 :]
        read = b"".join(backend.read(call.thread, handle, at, _PAGE) for at in range(0, len(model), _PAGE))
        backend.close(call.thread, handle)
        backend.remove(call.thread, place)
        if read != model:
            raise TeeResult(TEE_ERROR_BAD_STATE)

    def mutex(self, call: Call, params: Parameters) -> None:
        """Readers together, a writer alone; other threads run in the middle of what the lock guards."""
        kind, rounds = params.value(0).a, params.value(0).b
        if kind not in (_WRITER, _READER):
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        self._before[kind] += 1
        waiting = self._before[kind]
        self._turn.take(call.thread)
        try:
            while kind == _WRITER and self._during[_READER]:
                self._core.rpc.suspend(call.thread, 1)
        except BaseException:
            self._turn.give(call.thread)
            raise
        finally:
            self._before[kind] -= 1
        if kind == _READER:
            self._turn.give(call.thread)
        self._during[kind] += 1
        params.items[1] = Value(waiting, self._during[kind])
        try:
            self._guarded(call, kind, rounds)
        finally:
            self._during[kind] -= 1
            if kind == _WRITER:
                self._turn.give(call.thread)

    def _guarded(self, call: Call, kind: int, rounds: int) -> None:
        if kind == _WRITER:
            self._values[0] += rounds
            self._core.rpc.suspend(call.thread, 0)
            self._values[1] += 2 * rounds
            return
        for _ in range(2):
            if 2 * self._values[0] != self._values[1]:
                raise TeeResult(TEE_ERROR_BAD_STATE)
            self._core.rpc.suspend(call.thread, 0)


def answer(command: int, sub_command: int, data: memoryview) -> tuple[int, int]:
    """The suite's plugin: answers, adds or subtracts, sums the bytes that it is given, gives some text."""
    if command == 0:
        return TEE_SUCCESS, 0
    if command == 1:
        if len(data) < 8:
            return TEE_ERROR_BAD_PARAMETERS, 0
        a, b = (int.from_bytes(data[at : at + 4], "little") for at in (0, 4))
        result = a + b if sub_command == ord("+") else a - b
        data[:4] = (result & 0xFFFFFFFF).to_bytes(4, "little")
        return TEE_SUCCESS, 4
    if command == 2:
        return _answer(data, bytes([sum(data) & 0xFF]))
    if command == 3:
        return _answer(data, b"Array from plugin\0")
    return TEE_ERROR_NOT_SUPPORTED, 0


def _answer(data: memoryview, text: bytes) -> tuple[int, int]:
    if len(data) < len(text):
        return TEE_ERROR_GENERIC, 0
    data[: len(text)] = text
    return TEE_SUCCESS, len(text)


PSEUDO_TAS: Final[tuple[type[PseudoTa], ...]] = (InvokeTestsPta,)
PLUGINS: Final[Mapping[UUID, Plugin]] = {PLUGIN_UUID: answer}
