# SPDX-License-Identifier: BSD-2-Clause
"""Linux calls of client programs, by area. Method `sys_NAME` serves the call NAME of calls.linux.LINUX.

A handler takes its arguments as 64-bit words and gives a result, a Wait, or None where it has set the
registers itself; an OSError becomes -errno.
"""

from elfhaven.normal.ree.calls.table import Entry, bind

__all__ = ["Entry", "bind"]
