# SPDX-License-Identifier: BSD-2-Clause
"""The guest's whole file system: Debian's modules, supplicant, test suite and libraries, and the bridge.

It lives in memory: a machine that is switched off forgets what was stored in it.
"""

from __future__ import annotations

import lzma
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from elfhaven.errors import PackageError
from elfhaven.target.qemu.cpio import Cpio
from elfhaven.target.qemu.extras import extra_archive
from elfhaven.target.qemu.large import KIT

TA_DIRECTORY: Final = "usr/lib/optee_armtz"  # where Debian's supplicant looks for TAs
BRIDGE: Final = "usr/bin/elfhaven-bridge"
PORTS: Final = (2, 3, 4, 5)  # numbers of the serial ports that bridges serve; port 1 is a console
COMMANDS: Final = (6, 7, 8, 9)  # and of those that run commands

_LIBRARIES: Final = "usr/lib/aarch64-linux-gnu"
_NEEDED: Final = (
    "ld-linux-aarch64.so.1",
    "libc.so.6",
    "libm.so.6",
    "libdl.so.2",
    "libpthread.so.0",
    "libcrypto.so.3",
    "libz.so.1",
    "libzstd.so.1",
    "libgcc_s.so.1",
    "libteec.so.2",
    "libckteec.so.0",
)
_MODULES: Final = ("drivers/tee/tee", "drivers/tee/optee/optee")
_DIRECTORIES: Final = (
    *("proc", "sys", "dev", "tmp", "run", "root", "home/user", "etc"),
    "var/lib/optee-client/data/tee",
)
# As Debian's packages would have made them: teeclnt may use /dev/tee0; sshd is what openssh-server needs.
ACCOUNTS: Final = {
    "passwd": """\
root:x:0:0:root:/root:/bin/sh
sshd:x:100:65534::/run/sshd:/usr/sbin/nologin
user:x:1000:1000::/home/user:/bin/sh
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
""",
    "group": "root:x:0:\nteeclnt:x:101:user\nuser:x:1000:\nnogroup:x:65534:\n",
}
INIT: Final = f"""\
#!/bin/sh
# The first process of the guest.
export PATH=/usr/bin:/usr/sbin HOME=/root
busybox mount -t proc proc /proc
busybox mount -t sysfs sysfs /sys
busybox mount -t devtmpfs devtmpfs /dev
busybox --install -s /usr/bin
ifconfig lo 127.0.0.1 up
for module in tee optee; do insmod /usr/lib/modules/$module.ko || echo "elfhaven: no $module"; done
tries=0
while [ ! -e /dev/teepriv0 ] && [ $tries -lt 100 ]; do usleep 10000; tries=$((tries + 1)); done
mkdir -p /dev/pts /run/sshd && busybox mount -t devpts devpts /dev/pts
chown user:user /home/user && chmod 755 / && chmod 1777 /tmp
chgrp teeclnt /dev/tee0 && chmod 660 /dev/tee0
# It gives up where a client is killed while it loads a TA for it; who ends it politely wants it to stay off.
supplicant() {{ while :; do tee-supplicant; [ $? = 143 ] && return; usleep 10000; done; }}
supplicant &
keep() {{ while :; do "$@"; usleep 100000; done; }}
keep /{BRIDGE} /{TA_DIRECTORY} {" ".join(f"/dev/vport0p{port}" for port in PORTS)} &
keep /{BRIDGE} --commands {" ".join(f"/dev/vport0p{port}" for port in COMMANDS)} &
read up idle < /proc/uptime
echo "elfhaven: ready $up"
while :; do setsid -c sh -i < /dev/hvc0 > /dev/hvc0 2>&1; usleep 100000; done
"""


def initramfs(guest: Path, bridge: bytes, extras: Sequence[Path] = ()) -> bytes:
    """Cpio archives, not compressed: unpacking would take longer than reading. The second holds `extras`."""
    archive = _first(guest, bridge)
    return archive.done() + (extra_archive(archive, extras, guest) if extras else b"")


def _first(guest: Path, bridge: bytes) -> Cpio:
    archive = Cpio()
    for name in _DIRECTORIES:
        archive.directory(name)
    for name, to in (("bin", "usr/bin"), ("sbin", "usr/sbin"), ("lib", "usr/lib"), ("lib64", "usr/lib")):
        archive.link(name, to)
    archive.character_device("dev/console", 5, 1)
    archive.file("init", INIT.encode(), 0o755)
    archive.file(BRIDGE, bridge, 0o755)
    _programs(archive, guest)
    _libraries(archive, guest)
    _modules(archive, guest)
    _trusted_applications(archive, guest)
    for name, text in ACCOUNTS.items():
        archive.file(f"etc/{name}", text.encode())
    return archive


def kernel(guest: Path) -> Path:
    """Linux's image."""
    return _one(guest, "boot/vmlinuz-*")


def _programs(archive: Cpio, guest: Path) -> None:
    for name in ("usr/bin/busybox", "usr/bin/xtest", "usr/sbin/tee-supplicant"):
        archive.file(name, _one(guest, name).read_bytes(), 0o755)
    archive.link("usr/bin/sh", "busybox")
    for plugin in sorted(guest.glob("usr/lib/tee-supplicant/plugins/*.plugin")):
        archive.file(str(plugin.relative_to(guest)), plugin.read_bytes(), 0o755)


def _libraries(archive: Cpio, guest: Path) -> None:
    for name in _NEEDED:
        archive.file(f"{_LIBRARIES}/{name}", _one(guest, f"{_LIBRARIES}/{name}").read_bytes(), 0o755)
    archive.link("usr/lib/ld-linux-aarch64.so.1", "aarch64-linux-gnu/ld-linux-aarch64.so.1")


def _modules(archive: Cpio, guest: Path) -> None:
    for name in _MODULES:
        packed = _one(guest, f"usr/lib/modules/*/kernel/{name}.ko.xz").read_bytes()
        archive.file(f"usr/lib/modules/{Path(name).name}.ko", lzma.decompress(packed))


def _trusted_applications(archive: Cpio, guest: Path) -> None:
    archive.directory(TA_DIRECTORY)
    for pattern in (f"{TA_DIRECTORY}/*.ta", f"{KIT}/ta/*.ta"):
        for path in sorted(guest.glob(pattern)):
            archive.file(f"{TA_DIRECTORY}/{path.name}", path.read_bytes())


def _one(guest: Path, pattern: str) -> Path:
    found = sorted(guest.glob(pattern))
    if len(found) != 1:
        raise PackageError(
            f"{len(found)} files match {pattern} in the packages of the guest",
            "remove the cache of elfhaven, and fetch them again",
        )
    return found[0]
