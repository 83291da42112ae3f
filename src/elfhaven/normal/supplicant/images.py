# SPDX-License-Identifier: BSD-2-Clause
"""Images of Trusted Applications by UUID: from memory, then from directories of <uuid>.ta files."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from uuid import UUID


class Images:
    """Finds a TA's image. The TEE checks what it gets, so a wrong file costs an error and no more."""

    def __init__(self, directories: Iterable[str | Path] = (), given: Mapping[UUID, bytes] | None = None):
        self._directories = tuple(Path(directory) for directory in directories)
        self._given = dict(given or {})
        self._lock = threading.Lock()
        self._last: tuple[UUID, bytes] | None = None

    def add(self, uuid: UUID, image: bytes) -> None:
        """Serves `image` for `uuid` before any directory is asked."""
        with self._lock:
            self._given[uuid] = image
            self._last = None

    @property
    def directories(self) -> tuple[Path, ...]:
        """Where it looks, in this order."""
        return self._directories

    def size(self, uuid: UUID) -> int | None:
        """Bytes of the image, read now and kept for the `load` that follows; None if there is none."""
        image = self._find(uuid)
        with self._lock:
            self._last = (uuid, image) if image is not None else None
        return None if image is None else len(image)

    def load(self, uuid: UUID) -> bytes | None:
        """The image whose size was told last, or else the one that is there now."""
        with self._lock:
            last, self._last = self._last, None
        return last[1] if last and last[0] == uuid else self._find(uuid)

    def _find(self, uuid: UUID) -> bytes | None:
        with self._lock:
            given = self._given.get(uuid)
        if given is not None:
            return given
        for directory in self._directories:
            try:
                return (directory / f"{uuid}.ta").read_bytes()
            except OSError:
                continue
        return None
