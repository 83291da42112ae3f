# SPDX-License-Identifier: BSD-2-Clause
"""Calls of ciphers and of authenticated encryption, with OP-TEE's checks in OP-TEE's order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfhaven.abi import gp_crypto as gp
from elfhaven.abi.gp import (
    TEE_ERROR_BAD_PARAMETERS,
    TEE_ERROR_BAD_STATE,
    TEE_ERROR_NOT_SUPPORTED,
    TEE_ERROR_OUT_OF_MEMORY,
    TEE_ERROR_SHORT_BUFFER,
)
from elfhaven.secure.calls.crypto import READ, WRITE, CryptoCalls, State
from elfhaven.secure.calls.misc import BOUNCE_BUFFER
from elfhaven.secure.result import TeeResult

if TYPE_CHECKING:
    from elfhaven.secure.task import Task

_MODES = (gp.TEE_MODE_ENCRYPT, gp.TEE_MODE_DECRYPT)


class CipherCalls:
    def __init__(self, task: Task, states: CryptoCalls) -> None:
        self._task = task
        self._states = states

    def _copied(self, address: int, length: int) -> bytes:
        """An IV or a nonce."""
        if length > BOUNCE_BUFFER:
            raise TeeResult(TEE_ERROR_OUT_OF_MEMORY)
        return self._task.space.read(address, length)

    # ---- ciphers

    def cipher_init(self, state: int, iv: int, length: int) -> None:
        from elfhaven.secure.crypto.ciphers import new_stream

        found = self._states.get(state)
        if found.kind != gp.TEE_OPERATION_CIPHER:
            raise TeeResult(TEE_ERROR_BAD_STATE)
        key = self._states.secret(found.key1)
        start = self._copied(iv, length)
        key2 = self._states.secret(found.key2) if found.key2 else b""
        if found.mode not in _MODES:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        encrypting = found.mode == gp.TEE_MODE_ENCRYPT
        found.running = new_stream(found.algorithm, encrypting, key, key2, start)

    def cipher_update(self, state: int, source: int, length: int, out: int, out_length: int) -> None:
        self._cipher(state, source, length, out, out_length, False)

    def cipher_final(self, state: int, source: int, length: int, out: int, out_length: int) -> None:
        self._cipher(state, source, length, out, out_length, True)

    def _cipher(self, state: int, source: int, length: int, out: int, out_length: int, last: bool) -> None:
        from elfhaven.secure.crypto.ciphers import check_length

        space = self._task.space
        found = self._states.get_running(state)
        space.check(source, length, READ)
        self._room(out, out_length, length)
        if length:
            if found.mode not in _MODES:
                raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
            if found.kind != gp.TEE_OPERATION_CIPHER:
                raise TeeResult(TEE_ERROR_NOT_SUPPORTED)
            check_length(found.algorithm, length, last)
            space.write(out, found.running.update(space.read(source, length), last))
        if out_length:
            space.write_u64(out_length, length)

    def _room(self, out: int, out_length: int, needed: int) -> None:
        """SHORT_BUFFER, with the length told, unless there is that much; no length stands for none."""
        space = self._task.space
        room = space.read_u64(out_length) if out_length else 0
        space.check(out, room, WRITE)
        if room < needed:
            if out_length:
                space.write_u64(out_length, needed)
            raise TeeResult(TEE_ERROR_SHORT_BUFFER)

    # ---- authenticated encryption

    def authenc_init(
        self, state: int, nonce: int, length: int, tag_length: int, aad_length: int, payload_length: int
    ) -> None:
        from elfhaven.secure.crypto.authenticated import new_authenticated

        found = self._states.get(state)
        if found.kind != gp.TEE_OPERATION_AE:
            raise TeeResult(TEE_ERROR_BAD_STATE)
        key = self._states.secret(found.key1)
        start = self._copied(nonce, length)
        encrypting = found.mode == gp.TEE_MODE_ENCRYPT
        found.running = new_authenticated(
            found.algorithm, encrypting, key, start, tag_length, aad_length, payload_length
        )

    def _authenticated(self, state: int, mode: int | None = None) -> State:
        found = self._states.get_running(state)
        if mode is not None and found.mode != mode:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        if found.kind != gp.TEE_OPERATION_AE:
            raise TeeResult(TEE_ERROR_BAD_STATE)
        return found

    def authenc_update_aad(self, state: int, aad: int, length: int) -> None:
        data = self._task.space.read(aad, length)
        self._authenticated(state).running.update_aad(data)

    def authenc_update_payload(self, state: int, source: int, length: int, out: int, out_length: int) -> None:
        space = self._task.space
        found = self._authenticated(state)
        data = space.read(source, length)
        room = space.read_u64(out_length)
        space.check(out, room, WRITE)
        if room < length:
            raise TeeResult(TEE_ERROR_SHORT_BUFFER)
        space.write(out, found.running.update(data))
        space.write_u64(out_length, length)

    def authenc_enc_final(
        self, state: int, source: int, length: int, out: int, out_length: int, tag: int, tag_length: int
    ) -> None:
        space = self._task.space
        found = self._authenticated(state, gp.TEE_MODE_ENCRYPT)
        data = space.read(source, length)
        room = space.read_u64(out_length) if out_length else 0
        space.check(out, room, WRITE)
        if room < length:
            space.write_u64(tag_length, 0)
            raise TeeResult(TEE_ERROR_SHORT_BUFFER)
        tag_room = space.read_u64(tag_length)
        space.check(tag, tag_room, WRITE)
        try:
            made, value = found.running.finish_encryption(data, tag_room)
        except TeeResult as error:
            if error.code == TEE_ERROR_SHORT_BUFFER:
                self._tell_lengths(found, out_length, length, tag_length, tag_room)
            raise
        space.write(out, made)
        space.write(tag, value)
        self._tell_lengths(found, out_length, length, tag_length, len(value))

    def _tell_lengths(self, found: State, out_length: int, length: int, tag_length: int, tag: int) -> None:
        """After the end, or a tag that had no room: CCM tells what it needs, GCM does not."""
        space = self._task.space
        if out_length:
            space.write_u64(out_length, length)
        ccm = found.algorithm == gp.TEE_ALG_AES_CCM
        space.write_u64(tag_length, found.running.tag_length if ccm else tag)

    def authenc_dec_final(
        self, state: int, source: int, length: int, out: int, out_length: int, tag: int, tag_length: int
    ) -> None:
        space = self._task.space
        found = self._authenticated(state, gp.TEE_MODE_DECRYPT)
        data = space.read(source, length)
        room = space.read_u64(out_length) if out_length else 0
        space.check(out, room, WRITE)
        if room < length:
            raise TeeResult(TEE_ERROR_SHORT_BUFFER)
        value = space.read(tag, tag_length)
        space.write(out, found.running.finish_decryption(data, value))
        if out_length:
            space.write_u64(out_length, length)
