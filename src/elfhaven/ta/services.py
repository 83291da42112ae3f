# SPDX-License-Identifier: BSD-2-Clause
"""What OP-TEE's system PTA gives beyond the standard: plugins of the supplicant, and a key of the device."""

from __future__ import annotations

from uuid import UUID

from elfhaven.abi.utee import SYSTEM_PTA, SystemCommand
from elfhaven.ta.client import Room, TaSession
from elfhaven.ta.params import ValueInput, ValueOutput


def call_plugin(uuid: UUID | str, command: int, sub_command: int, data: bytes) -> bytes:
    """A plugin of tee-supplicant, in the normal world: `data` as it left them, cut to the length it told."""
    name = UUID(uuid) if isinstance(uuid, str) else uuid
    size = ValueOutput()
    with TaSession(SYSTEM_PTA) as system:
        answers = system.invoke(
            SystemCommand.SUPP_PLUGIN_INVOKE,
            name.bytes_le,
            ValueInput(command, sub_command),
            bytearray(data),
            size,
        )
    answer = answers[2]
    return answer[: size.a] if isinstance(answer, bytes) else b""


def unique_key(size: int = 32, extra: bytes = b"") -> bytes:
    """A key of 16 to 32 bytes that this TA alone gets, on this device alone; `extra` makes several."""
    with TaSession(SYSTEM_PTA) as system:
        answer = system.invoke(SystemCommand.DERIVE_TA_UNIQUE_KEY, extra, Room(size))[1]
    return answer if isinstance(answer, bytes) else b""
