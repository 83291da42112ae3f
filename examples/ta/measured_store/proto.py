# SPDX-License-Identifier: BSD-2-Clause
"""What client and TA of measured_store agree on. A selection is a set of registers: bit n stands for n."""

import hashlib
import struct

UUID = "0cfef586-de7e-5c76-9437-dba50a2aabd1"

EXTEND = 0  # value: a register; a digest of 32 bytes
READ = 1  # value: a register; room for its 32 bytes
QUOTE = 2  # value: a selection; a nonce; room for the quote; room for its signature (r and s)
PUBLIC = 3  # room for the public key of quotes: x and y
SEAL = 4  # value: a selection; a secret; room for what can be kept anywhere
UNSEAL = 5  # what SEAL gave; room for the secret

REGISTERS = 16
SIZE = 32
MAGIC = b"eh-quote"
QUOTED = struct.Struct("<8sI32s")  # MAGIC, selection, digest of the registers; the nonce follows


def extended(register: bytes, digest: bytes) -> bytes:
    """What a register holds after a digest was added."""
    return hashlib.sha256(register + digest).digest()


def composite(registers: dict[int, bytes]) -> bytes:
    """The digest of registers, in their order."""
    return hashlib.sha256(b"".join(registers[number] for number in sorted(registers))).digest()
