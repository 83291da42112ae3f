# SPDX-License-Identifier: BSD-2-Clause
"""What client and TA of mnist agree on."""

UUID = "708cd920-e98c-5ec5-8b86-7f6a1fed036c"

CLASSIFY = 0  # a picture of SIDE x SIDE bytes, 0 is paper; value, out: the digit; room for 10 scores (int32)
SIDE = 28
