# SPDX-License-Identifier: BSD-2-Clause
from __future__ import annotations

from collections.abc import Sequence

import pytest

from elfhaven.abi import gp_crypto as gp
from elfhaven.ta import (
    Access,
    AccessDenied,
    Attribute,
    MemrefInput,
    MemrefOutput,
    OutOfMemory,
    PersistentObject,
    TransientObject,
    TrustedApplication,
    ValueInout,
    ValueOutput,
    command,
    random_bytes,
    ree_time,
    system_time,
    wait,
)
from elfhaven.ta.storage import ALL

GOOD, EVIL = b"pay 1 to Ann ", b"pay 9 to Evil"
STORE, LOAD, PAIR, LOAD_PAIR, CARELESS, CAREFUL, TIMES, WAIT, RANDOM, KEY, DOUBLE, CLUMSY = range(12)


class Vault(TrustedApplication):
    """What the fixtures are tried on."""

    uuid = "c0c0a000-0000-4000-8000-0000000000a1"

    @command(STORE)
    def store(self, data: bytes) -> None:
        PersistentObject.create(b"one", data, ALL | Access.OVERWRITE).close()

    @command(LOAD)
    def load(self, out: MemrefOutput) -> None:
        with PersistentObject.open(b"one") as found:
            out.write(found.read())

    @command(PAIR)
    def pair(self, data: bytes) -> None:
        """Two objects that should be the same: nothing makes them change together."""
        for name in (b"left", b"right"):
            PersistentObject.create(name, data, ALL | Access.OVERWRITE).close()

    @command(LOAD_PAIR)
    def load_pair(self, left: MemrefOutput, right: MemrefOutput) -> None:
        for name, out in ((b"left", left), (b"right", right)):
            with PersistentObject.open(name) as found:
                out.write(found.read())

    @command(CARELESS)
    def careless(self, order: MemrefInput, out: MemrefOutput) -> None:
        """Checks an order, and reads it again."""
        if order.read() != GOOD:
            raise AccessDenied("not the order that may be")
        out.write(order.read())

    @command(CAREFUL)
    def careful(self, order: MemrefInput, out: MemrefOutput) -> None:
        data = order.read()
        if data != GOOD:
            raise AccessDenied("not the order that may be")
        out.write(data)

    @command(TIMES)
    def times(self, ree: ValueOutput, tee: ValueOutput) -> None:
        ree.a, tee.a = ree_time().seconds, system_time().seconds

    @command(WAIT)
    def wait(self, milliseconds: int) -> None:
        wait(milliseconds)

    @command(RANDOM)
    def random(self, out: MemrefOutput) -> None:
        out.write(random_bytes(out.size))

    @command(KEY)
    def key(self, out: MemrefOutput) -> None:
        with TransientObject(gp.TEE_TYPE_ECDSA_KEYPAIR, 256) as made:
            made.generate(256, Attribute.value(gp.TEE_ATTR_ECC_CURVE, gp.TEE_ECC_CURVE_NIST_P256))
            out.write(made.attribute(gp.TEE_ATTR_ECC_PUBLIC_VALUE_X))

    @command(CLUMSY)
    def clumsy(self, out: MemrefOutput) -> None:
        """Forgets that memory can give out."""
        try:
            made = random_bytes(16)
        except OutOfMemory:
            made = None
        out.write(bytes(reversed(made)))  # type: ignore[arg-type]

    @command(DOUBLE)
    def double(self, value: ValueInout) -> None:
        value.a *= 2


@pytest.fixture
def tas() -> Sequence[type[TrustedApplication]]:
    return [Vault]
