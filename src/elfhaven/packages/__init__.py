# SPDX-License-Identifier: BSD-2-Clause
"""What a distribution's archive holds, fetched by apt under a private root, checked by apt, cached here."""

from elfhaven.packages.apt import bound
from elfhaven.packages.fetch import fetch, fetched, host_architecture, host_archive, host_suite, private_apt
from elfhaven.packages.source_package import fetch_source
from elfhaven.packages.sources import Source, parse_deb822, parse_one_line
from elfhaven.packages.sysroot import package_names, sysroot

__all__ = [
    "Source",
    "bound",
    "fetch",
    "fetch_source",
    "fetched",
    "host_architecture",
    "host_archive",
    "host_suite",
    "package_names",
    "parse_deb822",
    "parse_one_line",
    "private_apt",
    "sysroot",
]
