# SPDX-License-Identifier: BSD-2-Clause
"""Has a line signed, and verifies it outside."""

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from proto import PUBLIC, SIGN, UUID
from ta import SignatureVerification

from elfhaven.client import Context, MemRef


def verify(public: bytes, message: bytes, signature: bytes) -> None:
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\4" + public)
    r, s = (int.from_bytes(part, "big") for part in (signature[:32], signature[32:]))
    key.verify(encode_dss_signature(r, s), message, ec.ECDSA(SHA256()))


if __name__ == "__main__":
    with Context(tas=[SignatureVerification]) as tee, tee.open_session(UUID) as session:
        (public,) = session.invoke(PUBLIC, MemRef.output(64))
        signature = session.invoke(SIGN, MemRef.input(b"a line"), MemRef.output(64))[1]
        verify(public, b"a line", signature)
        print("signed by", public.hex()[:32])
