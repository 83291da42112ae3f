# SPDX-License-Identifier: BSD-2-Clause
"""A start in three steps that are measured; a secret that opens in this state alone; a quote of it."""

import hashlib
import os

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from proto import EXTEND, MAGIC, PUBLIC, QUOTE, QUOTED, SEAL, SIZE, UNSEAL, UUID, composite, extended
from ta import MeasuredStore

from elfhaven.client import AccessDenied, Context, MemRef, Session, Value

START = (b"the boot loader", b"the kernel", b"the application")


def measure(session: Session, register: int, what: bytes) -> None:
    session.invoke(EXTEND, Value(register), MemRef.input(hashlib.sha256(what).digest()))


def expected(*measured: bytes) -> bytes:
    """What a register holds after these, on a device that was just switched on."""
    held = bytes(SIZE)
    for what in measured:
        held = extended(held, hashlib.sha256(what).digest())
    return held


def quote(session: Session, selection: int, nonce: bytes) -> tuple[bytes, bytes]:
    parameters = Value(selection), MemRef.input(nonce), MemRef.output(256), MemRef.output(64)
    _, _, message, signature = session.invoke(QUOTE, *parameters)
    return message, signature


def public(session: Session) -> ec.EllipticCurvePublicKey:
    (point,) = session.invoke(PUBLIC, MemRef.output(64))
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\4" + point)


def verify(
    key: ec.EllipticCurvePublicKey,
    message: bytes,
    signature: bytes,
    nonce: bytes,
    registers: dict[int, bytes],
) -> None:
    """Raises InvalidSignature, or ValueError for a quote of something else."""
    r, s = (int.from_bytes(part, "big") for part in (signature[:32], signature[32:]))
    key.verify(encode_dss_signature(r, s), message, ec.ECDSA(SHA256()))
    selection = sum(1 << number for number in registers)
    if message != QUOTED.pack(MAGIC, selection, composite(registers)) + nonce:
        raise ValueError("a quote of other registers, other values or another nonce")


def seal(session: Session, selection: int, secret: bytes) -> bytes:
    return session.invoke(SEAL, Value(selection), MemRef.input(secret), MemRef.output(len(secret) + 64))[2]


def unseal(session: Session, blob: bytes) -> bytes:
    return session.invoke(UNSEAL, MemRef.input(blob), MemRef.output(len(blob)))[1]


if __name__ == "__main__":
    with Context(tas=[MeasuredStore]) as tee, tee.open_session(UUID) as session:
        for step in START:
            measure(session, 0, step)
        nonce = os.urandom(16)
        verify(public(session), *quote(session, 1, nonce), nonce, {0: expected(*START)})
        print("the device proves that it started as it should")
        blob = seal(session, 1, b"the disk's key")
        print("opened:", unseal(session, blob).decode())
        measure(session, 0, b"a debugger")
        try:
            unseal(session, blob)
        except AccessDenied:
            print("once a debugger was measured, it opens no more")
