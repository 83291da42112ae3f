# SPDX-License-Identifier: BSD-2-Clause
"""What client and TA of authentication agree on."""

UUID = "9ee45a91-62ec-51ac-a201-65d43ba1fa2d"

SEAL = 0  # nonce and header; data; room for the ciphertext; room for a tag of 16 bytes
OPEN = 1  # nonce and header; ciphertext; tag; room for the data
NONCE = 12  # bytes
