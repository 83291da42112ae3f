# SPDX-License-Identifier: BSD-2-Clause
"""What client and TA of time agree on."""

UUID = "5843ce0e-c94b-5d8f-ad97-78ea84633109"

SYSTEM, OWN, REE = 0, 1, 2  # value, out: seconds and milliseconds
SET = 3  # value: seconds and milliseconds, for the TA's own clock
WAIT = 4  # value: milliseconds
