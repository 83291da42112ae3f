# SPDX-License-Identifier: BSD-2-Clause
"""What client and TA of big_int agree on."""

UUID = "09ff3e24-3e64-5513-9c84-e1ee92c45f60"

DIVIDE = 0  # two numbers, big-endian; room for the quotient; room for the remainder
POWER = 1  # base, exponent, modulus; room
IS_PRIME = 2  # a number; value, out: 1 if it is probably prime
