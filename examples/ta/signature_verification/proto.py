# SPDX-License-Identifier: BSD-2-Clause
"""What client and TA of signature_verification agree on."""

UUID = "4445033e-4ca5-5c91-acfc-47132e2d7d8f"

PUBLIC = 0  # room for x and y of the public key, 64 bytes
SIGN = 1  # a message; room for r and s, 64 bytes
VERIFY = 2  # a message; a signature
