# SPDX-License-Identifier: BSD-2-Clause
"""Shows random bytes and a UUID."""

import uuid

from proto import BYTES, MAKE_UUID, UUID
from ta import Random

from elfhaven.client import Context, MemRef

if __name__ == "__main__":
    with Context(tas=[Random]) as tee, tee.open_session(UUID) as session:
        print(session.invoke(BYTES, MemRef.output(16))[0].hex())
        print(uuid.UUID(bytes=session.invoke(MAKE_UUID, MemRef.output(16))[0]))
