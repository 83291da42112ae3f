# SPDX-License-Identifier: BSD-2-Clause
"""A register of texts that is spoken to in messages."""

from functools import singledispatchmethod

from proto import PASS, UUID, Done, Get, Missing, Names, Put, Text, decode, encode

from elfhaven.ta import BadFormat, MemrefOutput, NotSupported, Params, Session, TrustedApplication, command


class MessagePassing(TrustedApplication):
    uuid = UUID

    def open_session(self, session: Session, params: Params) -> None:
        session.state = {}

    @command(PASS)
    def take(self, session: Session, request: bytes, out: MemrefOutput) -> None:
        try:
            message = decode(request)
        except ValueError as error:
            raise BadFormat(str(error)) from None
        out.write(encode(self.answer(message, session.state)))

    @singledispatchmethod
    def answer(self, message: object, register: dict[str, str]) -> object:
        raise NotSupported(f"{type(message).__name__} is no request")

    @answer.register
    def _(self, message: Put, register: dict[str, str]) -> object:
        register[message.name] = message.text
        return Done()

    @answer.register
    def _(self, message: Get, register: dict[str, str]) -> object:
        text = register.get(message.name)
        return Missing(message.name) if text is None else Text(text)

    @answer.register
    def _(self, message: Names, register: dict[str, str]) -> object:
        return Text("\n".join(sorted(register)))
