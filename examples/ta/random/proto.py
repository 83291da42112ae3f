# SPDX-License-Identifier: BSD-2-Clause
"""What client and TA of random agree on."""

UUID = "17f0dc71-d024-5702-92c4-36703d4c653a"

BYTES = 0  # room: it is filled
MAKE_UUID = 1  # room for 16 bytes
