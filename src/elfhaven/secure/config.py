# SPDX-License-Identifier: BSD-2-Clause
"""What a core is given: its size, its keys, and seams to clock and randomness, each with a fake."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from elfhaven.secure.profile import Profile

if TYPE_CHECKING:
    from elfhaven.image.keys import PublicKey
    from elfhaven.machine.watched_engine import Observer
    from elfhaven.secure.hosted import HostedTa
    from elfhaven.secure.pta.base import PseudoTa

HUK_SIZE = 16


class Clock(Protocol):
    """The system time of the TEE: it never runs backwards."""

    def milliseconds(self) -> int:
        """Since an arbitrary start."""
        ...


class SystemClock:
    """Counts from its own creation, as OP-TEE's counter does from power-on."""

    def __init__(self) -> None:
        self._start = time.monotonic_ns()

    def milliseconds(self) -> int:
        return (time.monotonic_ns() - self._start) // 1_000_000


@dataclass
class FakeClock:
    """Stands still until told otherwise."""

    now: int = 0

    def milliseconds(self) -> int:
        return self.now


@dataclass
class CoreConfig:
    """`trusted` are the public keys whose TAs load; `cpu` is a name of machine.unicorn_engine.CpuModel.
    `class_key` (32 bytes) deciphers TAs that are encrypted for a class of devices. `storage_lock` is held
    while the files of trusted storage are in use, for a device that several processes share. `rpmb` stands
    for a build with CFG_RPMB_FS and CFG_RPMB_WRITE_KEY, which Debian's is not. `pseudo_tas` come beside those
    that every core has; `hosted_tas` run in this process and are never fetched; `observer` watches the
    processor (emulator only). `engine` "native" has hot code compiled, but for what is watched, and
    keeps it in the directory `code_cache`; `at_once`: see machine.native.engine.NativeMachine."""

    profile: str | Profile = "stock"
    trusted: Sequence[PublicKey] = ()
    huk: bytes = bytes(HUK_SIZE)
    storage_lock: Callable[[], AbstractContextManager[None]] | None = None
    rpmb: bool = False
    clock: Clock = field(default_factory=SystemClock)
    random: Callable[[int], bytes] = os.urandom
    cpu: str = "cortex-a57"
    class_key: bytes | None = None
    pseudo_tas: Sequence[type[PseudoTa]] = ()
    hosted_tas: Sequence[HostedTa] = ()
    observer: Observer | None = None
    engine: str = "interpreter"
    code_cache: Path | None = None
    at_once: int = 0
