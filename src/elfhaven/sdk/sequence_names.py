# SPDX-License-Identifier: BSD-2-Clause
"""What a diagram calls TAs, their commands and the requests to the normal world."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from elfhaven.abi import optee_msg as msg
from elfhaven.abi.utee import SYSTEM_PTA
from elfhaven.ta import TrustedApplication
from elfhaven.ta.binding import commands_of, uuid_of
from elfhaven.world.message import Message

_RPCS: Final = {value: name for name, value in vars(msg).items() if name.startswith("RPC_CMD_")}
_FILES: Final = {value: name for name, value in vars(msg).items() if name.startswith("RPC_FS_")}
_SOCKETS: Final = {value: name for name, value in vars(msg).items() if name.startswith("RPC_SOCKET_")}
_RPC_WORDS: Final = {
    msg.RPC_CMD_FS: ("file", _FILES, "RPC_FS_"),
    msg.RPC_CMD_SOCKET: ("socket", _SOCKETS, "RPC_SOCKET_"),
}


PSEUDO_TAS: Final = {
    SYSTEM_PTA: "system PTA",
    "3b996a7d-2c2b-4a49-a896-e1fb5766d2f4": "socket PTA",
}


Names = Mapping[UUID, tuple[str, Mapping[int, str]]]  # of TAs: the name, and the commands' by number


def names_of(tas: list[type[TrustedApplication]]) -> Names:
    """How Python TAs call themselves and their commands."""
    return {
        uuid_of(ta): (ta.__name__, {number: bound.method for number, bound in commands_of(ta).items()})
        for ta in tas
    }


def rpc_name(message: Message) -> str:
    """file read, socket send, get time and the like."""
    kind, names, prefix = _RPC_WORDS.get(message.command, ("", {}, ""))
    if kind and message.params:
        return f"{kind} {names.get(message.params[0].a, 'request').removeprefix(prefix).lower()}"
    name = _RPCS.get(message.command, f"RPC {message.command}")
    return name.removeprefix("RPC_CMD_").lower().replace("_", " ")
