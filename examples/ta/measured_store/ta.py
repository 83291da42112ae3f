# SPDX-License-Identifier: BSD-2-Clause
"""Registers for measurements, and what hangs on them."""

from proto import (
    EXTEND,
    MAGIC,
    PUBLIC,
    QUOTE,
    QUOTED,
    READ,
    REGISTERS,
    SEAL,
    SIZE,
    UNSEAL,
    UUID,
    composite,
    extended,
)

from elfhaven.abi import gp_crypto as gp
from elfhaven.ta import (
    AccessDenied,
    Attribute,
    AuthenticatedCipher,
    BadFormat,
    BadParameters,
    Digest,
    ItemNotFound,
    MacInvalid,
    MemrefOutput,
    PersistentObject,
    Signature,
    TransientObject,
    TrustedApplication,
    command,
    random_bytes,
    unique_key,
)

PAIR = b"quotes"
NONCE, TAG = 12, 16
HEAD = 4 + NONCE + TAG


def pair() -> PersistentObject:
    """The key of quotes: made once for the device."""
    try:
        return PersistentObject.open(PAIR)
    except ItemNotFound:
        with TransientObject(gp.TEE_TYPE_ECDSA_KEYPAIR, 256) as made:
            made.generate(256, Attribute.value(gp.TEE_ATTR_ECC_CURVE, gp.TEE_ECC_CURVE_NIST_P256))
            return PersistentObject.create(PAIR, attributes=made)


class MeasuredStore(TrustedApplication):
    uuid = UUID
    single_instance = True
    multi_session = True
    keep_alive = True  # the registers outlive the sessions

    def create(self) -> None:
        self.registers = [bytes(SIZE)] * REGISTERS
        self.pair = pair()
        self.key = TransientObject.secret(gp.TEE_TYPE_AES, unique_key(32, b"seal"))

    def _composite(self, selection: int) -> bytes:
        if not selection or selection >> REGISTERS:
            raise BadParameters(f"a selection of none, or of more than {REGISTERS} registers")
        return composite({n: self.registers[n] for n in range(REGISTERS) if selection >> n & 1})

    def _number(self, register: int) -> int:
        if register >= REGISTERS:
            raise BadParameters(f"there are {REGISTERS} registers")
        return register

    @command(EXTEND)
    def extend(self, register: int, digest: bytes) -> None:
        if len(digest) != SIZE:
            raise BadParameters(f"a digest has {SIZE} bytes")
        number = self._number(register)
        self.registers[number] = extended(self.registers[number], digest)

    @command(READ)
    def read(self, register: int, out: MemrefOutput) -> None:
        out.write(self.registers[self._number(register)])

    @command(QUOTE)
    def quote(self, selection: int, nonce: bytes, out: MemrefOutput, signature: MemrefOutput) -> None:
        message = QUOTED.pack(MAGIC, selection, self._composite(selection)) + nonce
        with Digest(gp.TEE_ALG_SHA256) as digest, Signature(gp.TEE_ALG_ECDSA_SHA256, True, self.pair) as sign:
            made = sign.sign(digest.finish(message))
        out.write(message)
        signature.write(made)

    @command(PUBLIC)
    def public(self, out: MemrefOutput) -> None:
        ids = gp.TEE_ATTR_ECC_PUBLIC_VALUE_X, gp.TEE_ATTR_ECC_PUBLIC_VALUE_Y
        out.write(b"".join(self.pair.attribute(id).rjust(32, b"\0") for id in ids))

    def _cipher(self, selection: int, nonce: bytes, *, encrypting: bool) -> AuthenticatedCipher:
        """What the registers hold now is bound to the secret."""
        aad = selection.to_bytes(4, "little") + self._composite(selection)
        cipher = AuthenticatedCipher(gp.TEE_ALG_AES_GCM, encrypting, self.key)
        cipher.init(nonce)
        cipher.update_aad(aad)
        return cipher

    @command(SEAL)
    def seal(self, selection: int, secret: bytes, out: MemrefOutput) -> None:
        nonce = random_bytes(NONCE)
        with self._cipher(selection, nonce, encrypting=True) as cipher:
            made, tag = cipher.encrypt_final(secret)
        out.write(selection.to_bytes(4, "little") + nonce + tag + made)

    @command(UNSEAL)
    def unseal(self, blob: bytes, out: MemrefOutput) -> None:
        if len(blob) < HEAD:
            raise BadFormat("this is nothing that SEAL gave")
        selection, nonce = int.from_bytes(blob[:4], "little"), blob[4 : 4 + NONCE]
        with self._cipher(selection, nonce, encrypting=False) as cipher:
            try:
                secret = cipher.decrypt_final(blob[HEAD:], blob[4 + NONCE : HEAD])
            except MacInvalid:
                raise AccessDenied("the registers hold something else, or the blob was changed") from None
        out.write(secret)
