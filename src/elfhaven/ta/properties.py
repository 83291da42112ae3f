# SPDX-License-Identifier: BSD-2-Clause
"""Properties of the client (clause 4.4)."""

from __future__ import annotations

from uuid import UUID

from elfhaven.abi.gp import TEE_PROPSET_CURRENT_CLIENT
from elfhaven.ta.identity import Identity
from elfhaven.ta.system import Cell, Out, current


def client_identity() -> Identity:
    """Who opened the session that runs (gpd.client.identity)."""
    content = Out(20)
    current().call("get_property", TEE_PROPSET_CURRENT_CLIENT, 0, 0, 0, content, Cell(20, 4), 0)
    return Identity(int.from_bytes(content.data[:4], "little"), UUID(bytes_le=content.data[4:]))
