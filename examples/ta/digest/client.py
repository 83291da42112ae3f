# SPDX-License-Identifier: BSD-2-Clause
"""The digest of a file, read in pieces."""

import sys

from proto import FINISH, UPDATE, UUID
from ta import Sha256

from elfhaven.client import Context, MemRef

if __name__ == "__main__":
    path = sys.argv[1] if len(sys.argv) > 1 else __file__
    with Context(tas=[Sha256]) as tee, tee.open_session(UUID) as session, open(path, "rb") as file:
        while piece := file.read(65536):
            session.invoke(UPDATE, MemRef.input(piece))
        print(session.invoke(FINISH, MemRef.input(b""), MemRef.output(32))[1].hex(), path)
