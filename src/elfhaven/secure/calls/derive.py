# SPDX-License-Identifier: BSD-2-Clause
"""The call that derives a key: from a pair and the other side's public key, or from a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfhaven.abi import gp_crypto as gp
from elfhaven.abi.gp import (
    TEE_ERROR_BAD_PARAMETERS,
    TEE_ERROR_NOT_SUPPORTED,
    TEE_HANDLE_FLAG_INITIALIZED,
)
from elfhaven.secure.calls.attributes import Given, read_attributes
from elfhaven.secure.calls.crypto import CryptoCalls, State
from elfhaven.secure.crypto import algorithms as main
from elfhaven.secure.crypto.algorithms import digest_of, main_algorithm
from elfhaven.secure.crypto.attributes import Attributes, number_bytes
from elfhaven.secure.crypto.object_types import KEY_25519, find_type
from elfhaven.secure.result import TeeResult

if TYPE_CHECKING:
    from elfhaven.secure.calls.objects import ObjectCalls, TeeObject
    from elfhaven.secure.crypto.ecc import EcKey
    from elfhaven.secure.crypto.sm2 import Exchange
    from elfhaven.secure.task import Task

# what each function takes: attributes by their part in it
_HKDF = {
    gp.OPTEE_ATTR_HKDF_SALT: "salt",
    gp.TEE_ATTR_HKDF_SALT: "salt",
    gp.TEE_ATTR_KDF_KEY_SIZE: "size",
    gp.TEE_ATTR_HKDF_OKM_LENGTH: "size",
    gp.OPTEE_ATTR_HKDF_INFO: "info",
    gp.TEE_ATTR_HKDF_INFO: "info",
    gp.TEE_ATTR_HKDF_HASH_ALGORITHM: "digest",
}
_CONCAT = {gp.TEE_ATTR_CONCAT_KDF_OTHER_INFO: "info", gp.TEE_ATTR_CONCAT_KDF_DKM_LENGTH: "size"}
_PBKDF2 = {
    gp.TEE_ATTR_PBKDF2_SALT: "salt",
    gp.TEE_ATTR_PBKDF2_DKM_LENGTH: "size",
    gp.TEE_ATTR_PBKDF2_ITERATION_COUNT: "count",
}
_SM2_KEP = {
    gp.TEE_ATTR_SM2_KEP_USER: "user",
    gp.TEE_ATTR_ECC_PUBLIC_VALUE_X: "x",
    gp.TEE_ATTR_ECC_PUBLIC_VALUE_Y: "y",
    gp.OPTEE_ATTR_EPHEMERAL_X: "ephemeral x",
    gp.TEE_ATTR_ECC_EPHEMERAL_PUBLIC_VALUE_X: "ephemeral x",
    gp.OPTEE_ATTR_EPHEMERAL_Y: "ephemeral y",
    gp.TEE_ATTR_ECC_EPHEMERAL_PUBLIC_VALUE_Y: "ephemeral y",
    gp.TEE_ATTR_SM2_ID_INITIATOR: "initiator",
    gp.TEE_ATTR_SM2_ID_RESPONDER: "responder",
    gp.TEE_ATTR_SM2_KEP_CONFIRMATION_IN: "in",
    gp.TEE_ATTR_SM2_KEP_CONFIRMATION_OUT: "out",
}
_SM2_OPTIONAL = {"in", "out"}


class DeriveCalls:
    def __init__(self, task: Task, states: CryptoCalls, objects: ObjectCalls) -> None:
        self._task = task
        self._states = states
        self._objects = objects

    def cryp_derive_key(self, state: int, attributes: int, count: int, derived: int) -> None:
        """Fill an object with the secret. Its size is not told: the core leaves it as it was."""
        found = self._states.get(state)
        given = read_attributes(self._task.space, attributes, count)
        key = self._objects.get(found.key1)
        into = self._objects.get(derived)
        kind = find_type(into.type)
        if kind is None:
            raise TeeResult(TEE_ERROR_NOT_SUPPORTED)
        room = kind.room if kind.symmetric else 0  # the core finds no room in a key of another kind
        made = self._derive(found, key, given, room, into)
        if not kind.symmetric:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        into.attributes = {gp.TEE_ATTR_SECRET_VALUE: made}
        into.flags |= TEE_HANDLE_FLAG_INITIALIZED

    def _derive(self, state: State, key: TeeObject, given: list[Given], room: int, into: TeeObject) -> bytes:
        which = main_algorithm(state.algorithm)
        if state.algorithm == gp.TEE_ALG_DH_DERIVE_SHARED_SECRET:
            return _dh(key.attributes, given, room)
        if state.algorithm == gp.TEE_ALG_ECDH_DERIVE_SHARED_SECRET:
            return _ecdh(key, given, room)
        if state.algorithm == gp.TEE_ALG_X25519:
            return _x25519(key.attributes, given, room)
        if state.algorithm == gp.TEE_ALG_SM2_KEP:
            return self._sm2(state, key, given, room, into.max_size)
        if which in (main.HKDF, main.CONCAT_KDF, main.PBKDF2):
            return _kdf(state.algorithm, _secret(key.attributes), given, room)
        raise TeeResult(TEE_ERROR_NOT_SUPPORTED)

    def _sm2(self, state: State, key: TeeObject, given: list[Given], room: int, size: int) -> bytes:
        """As many bytes as the object's size has bits: so the core counts."""
        from elfhaven.secure.crypto import ecc

        own, ephemeral = (
            ecc.key_of(one.type, one.attributes) for one in (key, self._objects.get(state.key2))
        )
        exchange, answer = _exchange(own, ephemeral, given)
        if size > room:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        made, confirmation = exchange.derive(size)
        if answer is not None and answer.b < len(confirmation):
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        return made


def _secret(attributes: Attributes) -> bytes:
    value = next(iter(attributes.values()), b"")
    return value if isinstance(value, bytes) else b""


def _parts(names: dict[int, str], given: list[Given], needed: set[str]) -> dict[str, Given]:
    """Attributes by their part, the first of each; BAD_PARAMETERS for one too many or too few."""
    found: dict[str, Given] = {}
    for one in given:
        if one.id not in names:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        found.setdefault(names[one.id], one)
    if not needed <= found.keys():
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    return found


def _content(parts: dict[str, Given], name: str) -> bytes:
    return parts[name].content() if name in parts else b""


def _kdf(algorithm: int, secret: bytes, given: list[Given], room: int) -> bytes:
    from elfhaven.secure.crypto import kdf

    which = main_algorithm(algorithm)
    names = {main.HKDF: _HKDF, main.CONCAT_KDF: _CONCAT, main.PBKDF2: _PBKDF2}[which]
    parts = _parts(names, given, {"size", "count"} if which == main.PBKDF2 else {"size"})
    size, info, salt = parts["size"].value, _content(parts, "info"), _content(parts, "salt")
    if size > room:
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    digest = digest_of(algorithm)
    if which == main.CONCAT_KDF:
        return kdf.concat(digest, secret, info, size)
    if which == main.PBKDF2:
        return kdf.pbkdf2(digest, secret, salt, parts["count"].value, size)
    if algorithm == gp.TEE_ALG_HKDF:
        digest = parts["digest"].value if "digest" in parts else gp.TEE_ALG_SHA256
    return kdf.hkdf(digest, secret, salt, info, size)


def _dh(attributes: Attributes, given: list[Given], room: int) -> bytes:
    from elfhaven.secure.crypto import dsa

    if [one.id for one in given] != [gp.TEE_ATTR_DH_PUBLIC_VALUE]:
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    made = number_bytes(dsa.shared_secret(attributes, int.from_bytes(given[0].content(), "big")))
    if len(made) > room:
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    return made


def _ecdh(key: TeeObject, given: list[Given], room: int) -> bytes:
    from elfhaven.secure.crypto import ecc

    names = [gp.TEE_ATTR_ECC_PUBLIC_VALUE_X, gp.TEE_ATTR_ECC_PUBLIC_VALUE_Y]
    if [one.id for one in given] != names:
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    x, y = (int.from_bytes(one.content(), "big") for one in given)
    return ecc.shared_secret(ecc.key_of(key.type, key.attributes), (x, y), room)


def _x25519(attributes: Attributes, given: list[Given], room: int) -> bytes:
    from elfhaven.secure.crypto import edwards

    if [one.id for one in given] != [gp.TEE_ATTR_X25519_PUBLIC_VALUE] or given[0].b != KEY_25519:
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    if room < KEY_25519:
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    secret = attributes.get(gp.TEE_ATTR_X25519_PRIVATE_VALUE)
    return edwards.exchange(secret if isinstance(secret, bytes) else bytes(32), given[0].content())


def _exchange(own: EcKey, ephemeral: EcKey, given: list[Given]) -> tuple[Exchange, Given | None]:
    """The exchange that the attributes tell, and where the confirmation for the other side is to go."""
    from elfhaven.secure.crypto.sm2 import Exchange

    parts = _parts(_SM2_KEP, given, set(_SM2_KEP.values()) - _SM2_OPTIONAL)
    numbers = {name: int.from_bytes(_content(parts, name), "big") for name in ("x", "y")}
    x, y = (int.from_bytes(_content(parts, f"ephemeral {name}"), "big") for name in ("x", "y"))
    made = Exchange(
        own,
        ephemeral,
        (numbers["x"], numbers["y"]),
        (x, y),
        not parts["user"].value,
        _content(parts, "initiator"),
        _content(parts, "responder"),
        _content(parts, "in") if "in" in parts else None,
    )
    return made, parts.get("out")
