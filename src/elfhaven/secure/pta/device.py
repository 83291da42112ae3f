# SPDX-License-Identifier: BSD-2-Clause
"""The device PTA (pta_device.h): which PTAs Linux makes devices of, in three phases of its start."""

from __future__ import annotations

from uuid import UUID

from elfhaven.abi.gp import TEE_PARAM_TYPE_MEMREF_OUTPUT, param_types
from elfhaven.secure.params import Parameters
from elfhaven.secure.pta.base import Call, Command, PseudoTa, given

GET_DEVICES, GET_DEVICES_SUPP, GET_DEVICES_RPMB = 0, 1, 2
_TYPES = param_types(TEE_PARAM_TYPE_MEMREF_OUTPUT)


class DevicePta(PseudoTa):
    """UUIDs as octets, one after the other."""

    uuid = UUID("7011a688-ddde-4053-a5a9-7b3c4ddf13b8")
    commands = (
        Command(GET_DEVICES, "get_devices", _TYPES),
        Command(GET_DEVICES_SUPP, "get_devices_supp", _TYPES),
        Command(GET_DEVICES_RPMB, "get_devices_rpmb", _TYPES),
    )

    def get_devices(self, call: Call, params: Parameters) -> None:
        """Those that need no supplicant."""
        self._list(params, GET_DEVICES)

    def get_devices_supp(self, call: Call, params: Parameters) -> None:
        """Those that need one."""
        self._list(params, GET_DEVICES_SUPP)

    def get_devices_rpmb(self, call: Call, params: Parameters) -> None:
        """Those that need RPMB."""
        self._list(params, GET_DEVICES_RPMB)

    def _list(self, params: Parameters, phase: int) -> None:
        found = [pta.uuid.bytes for pta in self._core.pseudo_tas.values() if pta.enumerated == phase]
        given(params, 0, b"".join(found))
