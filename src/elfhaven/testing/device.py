# SPDX-License-Identifier: BSD-2-Clause
"""A device for tests: an emulator that is switched off and on, saved and put back, cut from its power."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from itertools import count
from pathlib import Path
from uuid import UUID

from elfhaven.abi.optee_msg import RPC_CMD_FS
from elfhaven.client import Context
from elfhaven.errors import UsageError
from elfhaven.normal.supplicant import FileService
from elfhaven.normal.supplicant.plugin import Plugin
from elfhaven.ta import TrustedApplication, python_ta
from elfhaven.target.emulator import Emulator, Surroundings
from elfhaven.target.state import HUK_SIZE, StateDirectory
from elfhaven.testing.faults import Faults
from elfhaven.testing.hostile import HostileRee
from elfhaven.testing.power import Power, PowerLoss
from elfhaven.testing.still import StillClock, repeating

MOST_WRITES = 10_000  # of one piece of work that power_losses() tries


class Device:
    """The device in `path`, with TAs. It is switched on when `tee` is first asked for.

    With a `clock` its time stands still, and its randomness and its hardware key come from `seed`; a `ree`
    stands where its normal world stands, and `faults` meet the calls of its TAs.
    """

    def __init__(
        self,
        path: Path,
        tas: Sequence[type[TrustedApplication]],
        *,
        plugins: Mapping[UUID, Plugin] | None = None,
        clock: StillClock | None = None,
        seed: int = 0,
        ree: HostileRee | None = None,
        faults: Faults | None = None,
    ) -> None:
        self.path = path
        self._tas, self._plugins = tas, dict(plugins or {})
        self._clock, self._seed, self._ree, self._faults = clock, seed, ree, faults
        self._tee: Context | None = None
        self._saved = count()
        self._starts = count()

    # ---- on and off

    @property
    def tee(self) -> Context:
        """The context on the device; one that was asked for before a restart is closed."""
        if self._tee is None:
            self._tee = self._start()
        return self._tee

    def _start(self) -> Context:
        state = StateDirectory(self.path)
        if self._clock is not None and not (self.path / "huk").exists():
            (self.path / "huk").write_bytes(sha256(b"huk %d" % self._seed).digest()[:HUK_SIZE])
        self._files = FileService(state.storage())
        self._power = Power(self._files)
        hosted = [python_ta(kind) for kind in self._tas]
        if self._faults is not None:
            hosted = [self._faults.failing(ta) for ta in hosted]
        emulator = Emulator(
            state,
            hosted_tas=[self._ree.reading(ta) for ta in hosted] if self._ree else hosted,
            plugins=self._plugins,
            services={RPC_CMD_FS: self._power.serve},
            surroundings=self._surroundings(),
            tap=self._ree.new_tap() if self._ree else None,
        )
        return Context(emulator, tas=self._tas)

    def _surroundings(self) -> Surroundings | None:
        if self._clock is None:
            return None
        return Surroundings(self._clock, self._clock, repeating(self._seed + 1000 * next(self._starts)))

    def off(self) -> None:
        """Sessions end, as far as there is power."""
        tee, self._tee = self._tee, None
        if tee is not None:
            self._power.leaving = True
            tee.close()
            self._files.close()

    def restart(self) -> Context:
        """Off and on again; the new context."""
        self.off()
        return self.tee

    # ---- what lasts

    def save(self) -> Path:
        """A copy of all that outlives the power, for restore(). Best while no call is under way."""
        self.path.mkdir(parents=True, exist_ok=True)
        made = self.path.with_name(f"{self.path.name}-saved-{next(self._saved)}")
        shutil.copytree(self.path, made)
        return made

    def restore(self, saved: Path) -> Context:
        """Puts a copy back, as an attacker with the disk would too; the context on the device, restarted."""
        self.off()
        shutil.rmtree(self.path, ignore_errors=True)
        shutil.copytree(saved, self.path)
        return self.tee

    # ---- power

    @property
    def writes(self) -> int:
        """How often files of storage were changed since the device was switched on."""
        return self._power.writes if self._tee is not None else 0

    def cut_power(self, at: int, torn: float = 0.5) -> None:
        """At the `at`-th write to storage from now, of which the part `torn` still arrives: the call that is
        under way raises PowerLoss. Go on with restart()."""
        if at < 1:
            raise UsageError(f"power cannot be cut at write {at}", "count from 1")
        self.tee  # noqa: B018  there is power first
        self._power.cut(at, torn)

    def power_losses(
        self,
        work: Callable[[Context], object],
        check: Callable[[Context], object],
        *,
        torn: Sequence[float] = (0.0, 0.5, 1.0),
    ) -> int:
        """Does `work` with the power cut at its first write to storage, at its second and so on until it gets
        through, each time from the state of now; after each, `check` sees the device switched on again. Gives
        the number of writes of the work; it must have some."""
        before = self.save()
        for at in range(1, MOST_WRITES):
            for part in torn:
                if self._gets_through(work, check, before, at, part):
                    return self._enough(at - 1)
        raise UsageError(f"the work writes more than {MOST_WRITES} times", "give it less to do")

    def _gets_through(
        self,
        work: Callable[[Context], object],
        check: Callable[[Context], object],
        before: Path,
        at: int,
        torn: float,
    ) -> bool:
        self.restore(before)
        self.cut_power(at, torn)
        try:
            work(self.tee)
            through = True
        except PowerLoss:
            through = False
        check(self.restart())
        return through

    def _enough(self, writes: int) -> int:
        if not writes:
            raise UsageError("the work writes nothing to storage", "give it something that is kept")
        return writes
