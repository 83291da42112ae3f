# SPDX-License-Identifier: BSD-2-Clause
"""What client and TA of wallet agree on. A path is 4 bytes a step, the top bit: hardened."""

import struct

UUID = "36b1f1cb-d7a6-57a1-bf18-525664a8d450"

IMPORT = 0  # a seed of 16 to 64 bytes: once for a device
ADDRESS = 1  # path; room for 20 bytes
PUBLIC = 2  # path; room for the extended public key (BIP-32: 78 bytes)
SIGN = 3  # path; an unsigned transaction (RLP); value: chain; room for r, s and v (32, 32 and 4 bytes)
FORGET = 4

HARDENED = 1 << 31


def path(text: str) -> bytes:
    """m/44'/60'/0'/0/0 as bytes."""
    steps = [int(step.rstrip("'")) | (HARDENED if step.endswith("'") else 0) for step in text.split("/")[1:]]
    return struct.pack(f"<{len(steps)}I", *steps)
