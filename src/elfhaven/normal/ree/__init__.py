# SPDX-License-Identifier: BSD-2-Clause
"""A Linux for client programs: aarch64 processes of the normal world, with the TEE's device nodes.

    process.py      one program: memory, files, threads, signals; `run` it to its end
    memory.py       its address space over pages of the normal world's DRAM; areas.py: the door to it
    executable.py   ELF files into memory; startup.py: the first stack
    scheduler.py    threads take turns on one engine; threads.py: what one is; futex.py, signals.py
    handles.py      what a descriptor may stand for; files.py: the table; paths.py: the sysroot
    tee_device.py   /dev/tee0: ioctls to SMCs; secure_calls.py: on which thread; shared.py: shared memory
    supplicant_device.py  /dev/teepriv0: the TEE's requests, for a supplicant that is a program
    children.py     programs that it starts
    calls/          one method per Linux call

There is no fork without exec: a program is one process.
"""
