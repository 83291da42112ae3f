# SPDX-License-Identifier: BSD-2-Clause
"""A stub for gdb's remote serial protocol (gdb's manual, appendix E) over the emulator's processor.

wire.py carries packets, description.py says what a target of ours has, stub.py answers.
"""

from elfhaven.target.gdb.stub import Stub
from elfhaven.target.gdb.wire import Wire, listen

__all__ = ["Stub", "Wire", "listen"]
