# SPDX-License-Identifier: BSD-2-Clause
"""The system PTA (pta_system.h): memory, keys, libraries and plugins for any TA. It has no clients in the
normal world. Commands 4 to 9 were the loader's and are no more."""

from __future__ import annotations

from uuid import UUID

from elfhaven.abi.gp import (
    TEE_ERROR_ACCESS_CONFLICT,
    TEE_ERROR_ACCESS_DENIED,
    TEE_ERROR_BAD_PARAMETERS,
    TEE_ERROR_ITEM_NOT_FOUND,
    TEE_ERROR_OUT_OF_MEMORY,
    TEE_ERROR_SECURITY,
    TEE_PARAM_TYPE_MEMREF_INOUT,
    TEE_PARAM_TYPE_MEMREF_INPUT,
    TEE_PARAM_TYPE_MEMREF_OUTPUT,
    TEE_PARAM_TYPE_VALUE_INOUT,
    TEE_PARAM_TYPE_VALUE_INPUT,
    TEE_PARAM_TYPE_VALUE_OUTPUT,
    param_types,
)
from elfhaven.abi.utee import (
    DERIVED_KEY_MAX,
    DERIVED_KEY_MAX_EXTRA,
    DERIVED_KEY_MIN,
    SYSTEM_PTA,
    SystemCommand,
)
from elfhaven.machine.address_space import GuestFault, Kind, NoRoom
from elfhaven.machine.memory import PAGE
from elfhaven.machine.pages import OutOfPages
from elfhaven.machine.pagetable import OutOfTables, Protection
from elfhaven.secure.crypto.huk import unique_ta_key
from elfhaven.secure.params import Parameters, Value
from elfhaven.secure.pta.base import Call, Command, PseudoTa, taken
from elfhaven.secure.relocate import resolve
from elfhaven.secure.result import TeeResult

_RW = Protection.READ | Protection.WRITE
_SHAREABLE = 1
_IN, _OUT, _INOUT = TEE_PARAM_TYPE_VALUE_INPUT, TEE_PARAM_TYPE_VALUE_OUTPUT, TEE_PARAM_TYPE_VALUE_INOUT
_MEMORY, _OUTPUT, _UPDATE = (
    TEE_PARAM_TYPE_MEMREF_INPUT,
    TEE_PARAM_TYPE_MEMREF_OUTPUT,
    TEE_PARAM_TYPE_MEMREF_INOUT,
)
_DLOPEN_FLAGS = 0x1102  # RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE, all three
_NIL = UUID(int=0)


class SystemPta(PseudoTa):
    """Every command acts on the TA that calls."""

    uuid = UUID(SYSTEM_PTA)
    for_tas_only = True
    commands = (
        Command(SystemCommand.ADD_RNG_ENTROPY, "add_rng_entropy", param_types(_MEMORY)),
        Command(SystemCommand.DERIVE_TA_UNIQUE_KEY, "derive_ta_unique_key", param_types(_MEMORY, _OUTPUT)),
        Command(SystemCommand.MAP_ZI, "map_zi", param_types(_IN, _INOUT, _IN)),
        Command(SystemCommand.UNMAP, "unmap", param_types(_IN, _IN)),
        Command(SystemCommand.DLOPEN, "dlopen", param_types(_MEMORY, _IN)),
        Command(SystemCommand.DLSYM, "dlsym", param_types(_MEMORY, _MEMORY, _OUT)),
        Command(
            SystemCommand.GET_TPM_EVENT_LOG, "get_tpm_event_log", param_types(_OUTPUT), "there is no TPM"
        ),
        Command(
            SystemCommand.SUPP_PLUGIN_INVOKE,
            "supp_plugin_invoke",
            param_types(_MEMORY, _IN, _UPDATE, _OUT),
        ),
    )

    def add_rng_entropy(self, call: Call, params: Parameters) -> None:
        """Taken, and not needed: random numbers are the host's."""
        if not taken(params, 0):
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)

    def derive_ta_unique_key(self, call: Call, params: Parameters) -> None:
        """A key of 16 to 32 bytes bound to device and TA; extra data of up to 1024 bytes goes into it."""
        extra, key = params.memory(0), params.memory(1)
        if extra.size > DERIVED_KEY_MAX_EXTRA or not DERIVED_KEY_MIN <= key.size <= DERIVED_KEY_MAX:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        if key.buffer is None or not key.buffer.secure:
            raise TeeResult(TEE_ERROR_SECURITY)
        data = extra.buffer.read() if extra.buffer is not None else b""
        key.buffer.write(unique_ta_key(self._core.config.huk, call.task.uuid, data, key.size))

    def map_zi(self, call: Call, params: Parameters) -> None:
        """Zeroed memory, at the wanted address if one is given."""
        size, flags = params.value(0).a, params.value(0).b
        begin, end = params.value(2).a, params.value(2).b
        if flags & ~_SHAREABLE:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        if begin % PAGE or end % PAGE:
            raise TeeResult(TEE_ERROR_ACCESS_CONFLICT)
        kind = Kind.SHAREABLE if flags else Kind.PLAIN
        wanted = _address(params.value(1))
        space = call.task.space
        span = (size + PAGE - 1) // PAGE * PAGE
        try:
            backing = self._core.pages.allocate(span)
        except OutOfPages:
            raise TeeResult(TEE_ERROR_OUT_OF_MEMORY) from None
        backing.hold()
        try:
            mapping = space.map(backing, span, _RW, at=wanted, pad_begin=begin, pad_end=end, kind=kind)
        except NoRoom:
            raise TeeResult(TEE_ERROR_ACCESS_CONFLICT) from None
        except OutOfTables:
            raise TeeResult(TEE_ERROR_OUT_OF_MEMORY) from None
        finally:
            backing.release()
        params.items[1] = Value(mapping.start >> 32, mapping.start & 0xFFFFFFFF)

    def unmap(self, call: Call, params: Parameters) -> None:
        """Unmap pages, which must all be mapped, and none of them permanently."""
        if params.value(0).b:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        address = _address(params.value(1))
        span = (params.value(0).a + PAGE - 1) // PAGE * PAGE
        if not span or address % PAGE:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        task = call.task
        mapping = task.space.find(address)
        while mapping is not None and mapping.start < address + span:
            if mapping.kind & Kind.PERMANENT:
                raise TeeResult(TEE_ERROR_ACCESS_DENIED)
            mapping = task.space.find(mapping.end)
        try:
            task.space.unmap(address, span)
        except GuestFault:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS) from None

    def dlopen(self, call: Call, params: Parameters) -> None:
        """Load a library, and what it needs, into the TA; one that is there already is left alone."""
        uuid = _uuid(params)
        if params.value(1).a != _DLOPEN_FLAGS:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        if uuid != _NIL:
            self._core.add_library(call.thread, call.task, uuid)

    def dlsym(self, call: Call, params: Parameters) -> None:
        """The value of a symbol: of one library, and failing that of any image of the TA."""
        uuid, name = _uuid(params), taken(params, 1)
        if b"\0" not in name:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        images = call.task.loaded.linked
        first = [image for image in images if image.uuid == uuid]
        if uuid != _NIL and not first:
            raise TeeResult(TEE_ERROR_ITEM_NOT_FOUND)
        value = resolve(name.split(b"\0")[0].decode("latin-1"), first + images)
        if value is None:
            raise TeeResult(TEE_ERROR_ITEM_NOT_FOUND)
        params.items[2] = Value(value >> 32, value & 0xFFFFFFFF)

    def supp_plugin_invoke(self, call: Call, params: Parameters) -> None:
        """Have a plugin of the supplicant work on a buffer."""
        data, memory = taken(params, 2), params.memory(2)
        if memory.buffer is not None and not memory.size:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        which = params.value(1)
        size, content = self._core.services.plugin(call.thread, _uuid(params), which.a, which.b, data)
        if size and memory.buffer is not None:
            memory.buffer.write(content[:size])
        params.items[3] = Value(size, params.value(3).b)


def _uuid(params: Parameters) -> UUID:
    """The TEE_UUID in the first parameter."""
    raw = taken(params, 0)
    if len(raw) != 16:
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    return UUID(bytes_le=raw)


def _address(value: Value) -> int:
    return value.a << 32 | value.b
