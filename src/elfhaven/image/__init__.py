# SPDX-License-Identifier: BSD-2-Clause
"""ELF programs and TA files: read, classified, laid out behind the runtime, signed and verified.

reader     the file's header, segments and views            sections, dynamic, frames   what else it says
a64        a compact decoder                                flow, classify, scan        what is code
accept     what can run as a TA                             stubs, layout               the TA's ELF
ta, keys   the signed file                                  summary                     what `inspect` shows
"""
