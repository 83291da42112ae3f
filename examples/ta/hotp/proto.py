# SPDX-License-Identifier: BSD-2-Clause
"""What client and TA of hotp agree on."""

UUID = "04a68500-c036-5b87-8891-a6fcf90d5d6a"

REGISTER = 0  # the shared key
PASSWORD = 1  # value, out: the next password
