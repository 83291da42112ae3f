# SPDX-License-Identifier: BSD-2-Clause
"""Random numbers (clause 6.9)."""

from __future__ import annotations

from elfhaven.ta.system import Out, current

_AT_ONCE = 4096  # bytes that the core makes in one call


def random_bytes(size: int) -> bytes:
    """TEE_GenerateRandom."""
    out = bytearray()
    while len(out) < size:
        piece = Out(min(_AT_ONCE, size - len(out)))
        current().call("cryp_random_number_generate", piece, piece.size)
        out += piece.data
    return bytes(out)
