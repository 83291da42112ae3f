# SPDX-License-Identifier: BSD-2-Clause
"""What client and TA of acipher agree on."""

UUID = "746bed3b-cecf-542c-a110-ae10b6743483"

GENERATE = 0  # value: bits of the pair
SIZE = 1  # value, out: bytes of a ciphertext
ENCRYPT = 2  # data; room
DECRYPT = 3  # data; room
