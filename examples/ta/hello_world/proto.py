# SPDX-License-Identifier: BSD-2-Clause
"""What client and TA of hello_world agree on."""

UUID = "8aaaf200-2450-11e4-abe2-0002a5d5c51b"

INCREMENT = 0  # a value, in and out
DECREMENT = 1
