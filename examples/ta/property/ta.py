# SPDX-License-Identifier: BSD-2-Clause
"""Reads properties by name, and lists them."""

from typing import ClassVar

from proto import NAMES, READ, UUID

from elfhaven.ta import BadParameters, MemrefOutput, Properties, TrustedApplication, command


def chosen(group: int) -> Properties:
    groups = (Properties.ta, Properties.client, Properties.tee)
    if group >= len(groups):
        raise BadParameters(f"no set {group}")
    return groups[group]()


class Property(TrustedApplication):
    uuid = UUID
    version = "2.5"
    description = "reads properties"
    properties: ClassVar = {"example.colour": "green", "example.size": 7}

    @command(READ)
    def read(self, group: int, name: bytes, out: MemrefOutput) -> None:
        out.write(chosen(group).string(name.decode()).encode())

    @command(NAMES)
    def names(self, group: int, out: MemrefOutput) -> None:
        out.write("\n".join(chosen(group)).encode())
