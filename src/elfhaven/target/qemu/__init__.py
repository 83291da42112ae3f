# SPDX-License-Identifier: BSD-2-Clause
"""The real OP-TEE, unmodified, as Debian ships it, under QEMU.

    parts.py       what is fetched from Debian's archive, and where it lies then
    cache.py       directories made once, named by what they are made from
    firmware.py    TF-A's boot loaders, built from source, and OP-TEE behind them: the flash image
    large.py       an OP-TEE built from source with 512 MiB of secure memory
    fip.py cpio.py initramfs.py extras.py devicetree.py    what a machine boots from
    machine.py     a machine: its run directory, its process, its logs
    port.py command.py console.py    ways into it: to its TEE, for a command, to a shell
    target.py      a TEE to run programs on

Two layouts. `stock` is Debian's own binary of OP-TEE 4.5 with 15 MiB of secure memory. `large` is OP-TEE 4.10
built with 512 MiB at 0xa0000000, in ordinary DRAM, which QEMU does not protect from the normal world: it
shows what fits, and keeps nothing secret.
"""

from elfhaven.target.qemu.machine import Machine, machines

__all__ = ["Machine", "machines"]
