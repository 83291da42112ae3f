# SPDX-License-Identifier: BSD-2-Clause
"""A Linux for client programs: aarch64 processes of the normal world, with the TEE's device nodes.

    process.py      one program: memory, files, threads, signals; `run` it to its end
    memory.py       its address space over pages of the normal world's DRAM
    executable.py   ELF files into memory; startup.py: the first stack
    scheduler.py    threads take turns on one engine; threads.py: what one is; futex.py, signals.py
    handles.py      what a descriptor may stand for; files.py: the table; paths.py: the sysroot
    tee_device.py   /dev/tee0: ioctls to SMCs
    calls/          one method per Linux call

There is no fork and no exec: a program is one process.
"""
