# SPDX-License-Identifier: BSD-2-Clause
"""The PTA that installs TAs into secure storage (pta_secstor_ta_mgmt.h)."""

from __future__ import annotations

from uuid import UUID

from elfhaven.abi.gp import TEE_PARAM_TYPE_MEMREF_INPUT, param_types
from elfhaven.secure.params import Parameters
from elfhaven.secure.pta.base import Call, Command, PseudoTa, taken


class SecstorTaMgmtPta(PseudoTa):
    """A TA in secure storage is loaded before one of the same UUID that the supplicant has."""

    uuid = UUID("6e256cba-fc4d-4941-ad09-2ca1860342dd")
    commands = (Command(0, "bootstrap", param_types(TEE_PARAM_TYPE_MEMREF_INPUT)),)

    def bootstrap(self, call: Call, params: Parameters) -> None:
        """Install a signed BOOTSTRAP_TA; SECURITY for any other file, ACCESS_CONFLICT for an older one."""
        self._core.install_ta(call.thread, taken(params, 0))
