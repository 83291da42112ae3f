# SPDX-License-Identifier: BSD-2-Clause
"""What client and TA of digest agree on."""

UUID = "1676c7bd-3d79-5da1-992e-d448449f10c2"

UPDATE = 0  # data
FINISH = 1  # data; room for 32 bytes
