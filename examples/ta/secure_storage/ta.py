# SPDX-License-Identifier: BSD-2-Clause
"""Named objects in trusted storage."""

from proto import DELETE, NAMES, READ, UUID, WRITE

from elfhaven.ta import (
    MemrefOutput,
    ObjectEnumerator,
    PersistentObject,
    ShortBuffer,
    TrustedApplication,
    command,
)
from elfhaven.ta.storage import ALL, Access


class SecureStorage(TrustedApplication):
    uuid = UUID

    @command(WRITE)
    def write(self, name: bytes, content: bytes) -> None:
        PersistentObject.create(name, content, ALL | Access.OVERWRITE).close()

    @command(READ)
    def read(self, name: bytes, out: MemrefOutput) -> None:
        with PersistentObject.open(name) as found:
            if len(found) > out.size:
                out.set_size(len(found))
                raise ShortBuffer
            out.write(found.read())

    @command(DELETE)
    def delete(self, name: bytes) -> None:
        PersistentObject.open(name, Access.WRITE_META).delete()

    @command(NAMES)
    def names(self, out: MemrefOutput) -> None:
        with ObjectEnumerator() as objects:
            out.write(b"".join(name + b"\n" for name, _ in objects))
