# SPDX-License-Identifier: BSD-2-Clause
"""Memory (clause 4.11): the language has it, but for a comparison in constant time."""

from __future__ import annotations

import hmac


def same(one: bytes, other: bytes) -> bool:
    """Whether the bytes are the same, in a time that does not tell where they differ (TEE_MemCompare)."""
    return hmac.compare_digest(one, other)
