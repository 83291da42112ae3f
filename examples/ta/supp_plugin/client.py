# SPDX-License-Identifier: BSD-2-Clause
"""Gives the secret away and has it told, with a shelf between."""

from plugin import Shelf, plugins
from proto import KEEP, TELL, UUID
from ta import SuppPlugin

from elfhaven.client import Context, MemRef

if __name__ == "__main__":
    shelf = Shelf()
    with Context(tas=[SuppPlugin], plugins=plugins(shelf)) as tee, tee.open_session(UUID) as session:
        session.invoke(KEEP, MemRef.input(b"the cake is in the oven"))
        print("on the shelf:", shelf.held.hex()[:48])
        print("told:        ", session.invoke(TELL, MemRef.output(100))[0].decode())
