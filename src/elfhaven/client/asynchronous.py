# SPDX-License-Identifier: BSD-2-Clause
"""The client for asyncio: the same methods, each on a thread of its own while it waits for the TEE.

A task that is cancelled asks the TEE to cancel its call, and waits for the answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Self, TypeVar, cast

from elfhaven.normal import client as waiting

P = ParamSpec("P")
R = TypeVar("R")
_Method = Callable[Concatenate[Any, P], Coroutine[Any, Any, R]]


def _awaited(method: Callable[Concatenate[Any, P], R], *, cancellable: bool = False) -> _Method[P, R]:
    """The method of the plain object behind this one, awaited. A `cancellable` one takes parameters after its
    first argument, or an operation."""

    @wraps(method)
    async def call(self: Any, *args: Any, **named: Any) -> R:
        operation: waiting.Operation | None = named.get("operation")
        if cancellable and operation is None:
            args, operation = args[:1], waiting.Operation(*args[1:])
            named["operation"] = operation
        work = asyncio.ensure_future(asyncio.to_thread(method, self.plain, *args, **named))
        try:
            return cast("R", _wrapped(await asyncio.shield(work)))
        except asyncio.CancelledError:
            if operation is not None:
                operation.cancel()
            with suppress(Exception):
                await work
            raise

    return cast("_Method[P, R]", call)


def _wrapped(value: Any) -> Any:
    return AsyncSession(value) if isinstance(value, waiting.Session) else value


class _Async:
    """`plain` is what does the work."""

    def __init__(self, of: Any) -> None:
        self.plain = of

    async def close(self) -> None:
        await asyncio.to_thread(self.plain.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class AsyncSession(_Async):
    """normal.client.Session with `await`."""

    plain: waiting.Session
    invoke = _awaited(waiting.Session.invoke, cancellable=True)


class AsyncContext(_Async):
    """normal.client.Context with `await`: AsyncContext(Context(...))."""

    plain: waiting.Context
    open_session = _awaited(waiting.Context.open_session, cancellable=True)
    allocate = _awaited(waiting.Context.allocate)
    register = _awaited(waiting.Context.register)
