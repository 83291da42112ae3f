# SPDX-License-Identifier: BSD-2-Clause
"""Plugins of the supplicant: what a TA asks of the normal world by a UUID (PTA_SYSTEM_SUPP_PLUGIN_INVOKE)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol
from uuid import UUID

from elfhaven.abi import gp
from elfhaven.abi import optee_msg as msg
from elfhaven.world.message import Param

_KINDS = (msg.ATTR_VALUE_INPUT, msg.ATTR_VALUE_INPUT, msg.ATTR_VALUE_INOUT)

Room = Callable[[Param], memoryview]


class Plugin(Protocol):
    """One plugin. `data` is what the TA gave, in memory that the plugin may change; the answer is a
    TEE_Result and the number of bytes of `data` that the TA shall see."""

    def __call__(self, command: int, sub_command: int, data: memoryview) -> tuple[int, int]: ...


class Plugins:
    """The plugins of a normal world, by UUID."""

    def __init__(self, plugins: Mapping[UUID, Plugin]) -> None:
        self._plugins = dict(plugins)

    def serve(self, params: list[Param], room: Room) -> int:
        """RPC_CMD_SUPP_PLUGIN; see normal.rpc.Service."""
        if len(params) != 4 or tuple(param.kind for param in params[:3]) != _KINDS:
            return gp.TEE_ERROR_BAD_PARAMETERS
        if params[0].a != msg.RPC_SUPP_PLUGIN_INVOKE:
            return gp.TEE_ERROR_NOT_SUPPORTED
        words = (params[0].b, params[0].c, params[1].a, params[1].b)
        octets = b"".join((word & 0xFFFFFFFF).to_bytes(4, "little") for word in words)
        plugin = self._plugins.get(UUID(bytes=octets))
        if plugin is None:
            return gp.TEE_ERROR_ITEM_NOT_FOUND
        result, size = plugin(params[1].c & 0xFFFFFFFF, params[2].a & 0xFFFFFFFF, room(params[3]))
        params[2].b = size
        return result
