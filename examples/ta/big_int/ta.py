# SPDX-License-Identifier: BSD-2-Clause
"""Numbers."""

from proto import DIVIDE, IS_PRIME, POWER, UUID

from elfhaven.ta import MemrefOutput, TrustedApplication, ValueOutput, command
from elfhaven.ta.arithmetic import divide, exp_mod, from_octets, is_probable_prime, to_octets


class BigInt(TrustedApplication):
    uuid = UUID

    @command(DIVIDE)
    def divide(self, one: bytes, other: bytes, quotient: MemrefOutput, rest: MemrefOutput) -> None:
        made = divide(from_octets(one), from_octets(other))
        quotient.write(to_octets(made[0]))
        rest.write(to_octets(made[1]))

    @command(POWER)
    def power(self, base: bytes, exponent: bytes, modulus: bytes, out: MemrefOutput) -> None:
        out.write(to_octets(exp_mod(from_octets(base), from_octets(exponent), from_octets(modulus))))

    @command(IS_PRIME)
    def is_prime(self, number: bytes, out: ValueOutput) -> None:
        out.a = is_probable_prime(from_octets(number))
