# SPDX-License-Identifier: BSD-2-Clause
"""The TEE of the machine that this process runs on, over its own /dev/tee0, with Python's library alone.

    node.py         the device node: found, opened, asked by ioctl; what its refusals mean
    memory.py       shared memory: allocated or registered, and buffers kept for reuse
    transport.py    the Client API's operations on both
    install.py      where the board's supplicant looks for a TA, and putting one there
    target.py       all of it as a place to run programs

A board that runs what was packed elsewhere needs nothing but python3: see docs/how-to/on-the-board.md.
"""
