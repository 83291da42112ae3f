# SPDX-License-Identifier: BSD-2-Clause
"""A board's OP-TEE, reached with the host's own ssh program, which carries the bridge.

    place.py     ssh:USER@BOARD:PORT and ssh's command line
    script.py    what the board's shell does first: it looks, tells, takes the bridge, becomes it
    facts.py     what it told, and what would stop a program there
    stream.py    an ssh process as a stream of bytes, and why it ended
    target.py    a TEE to run programs on

Nothing is installed on the board but the bridge, in the user's cache directory there, and TA files where its
supplicant looks for them.
"""

from elfhaven.target.ssh.place import Place
from elfhaven.target.ssh.target import Ssh

__all__ = ["Place", "Ssh"]
