# SPDX-License-Identifier: BSD-2-Clause
"""What client and TA of aes agree on."""

UUID = "be6c33ce-74aa-55ac-9d95-8d9bc8e25d40"

PREPARE = 0  # key; value: 1 encrypts, 0 deciphers
SET_IV = 1  # 16 bytes
CIPHER = 2  # data; room for as much
