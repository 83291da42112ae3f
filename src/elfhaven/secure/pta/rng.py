# SPDX-License-Identifier: BSD-2-Clause
"""The RNG PTA (pta_rng.h): entropy for the normal world's random numbers. Linux finds it as a device."""

from __future__ import annotations

from uuid import UUID

from elfhaven.abi.gp import (
    TEE_ERROR_BAD_PARAMETERS,
    TEE_PARAM_TYPE_MEMREF_INOUT,
    TEE_PARAM_TYPE_VALUE_OUTPUT,
    param_types,
)
from elfhaven.secure.params import Parameters, Value
from elfhaven.secure.pta.base import Call, Command, PseudoTa
from elfhaven.secure.pta.device import GET_DEVICES
from elfhaven.secure.result import TeeResult

GET_ENTROPY, GET_RNG_INFO = 0, 1
_RATE = 1 << 20  # bytes a second that this claims
_QUALITY = 1024  # bits of entropy in 1024 bits


class RngPta(PseudoTa):
    """Random numbers are the host's."""

    uuid = UUID("ab7a617c-b8e7-4d8f-8301-d09b61036b64")
    enumerated = GET_DEVICES
    commands = (
        Command(GET_ENTROPY, "get_entropy", param_types(TEE_PARAM_TYPE_MEMREF_INOUT)),
        Command(GET_RNG_INFO, "get_rng_info", param_types(TEE_PARAM_TYPE_VALUE_OUTPUT)),
    )

    def get_entropy(self, call: Call, params: Parameters) -> None:
        """Fills the buffer."""
        memory = params.memory(0)
        if memory.buffer is None or not memory.size:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        memory.buffer.write(self._core.config.random(memory.size))

    def get_rng_info(self, call: Call, params: Parameters) -> None:
        """Bytes a second, and entropy per 1024 bits."""
        params.items[0] = Value(_RATE, _QUALITY)
