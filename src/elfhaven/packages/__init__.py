# SPDX-License-Identifier: BSD-2-Clause
"""What a distribution's archive holds, fetched by apt under a private root, checked by apt, cached here."""

from elfhaven.packages.fetch import fetch, host_architecture, host_suite
from elfhaven.packages.sources import Source, parse_deb822, parse_one_line

__all__ = ["Source", "fetch", "host_architecture", "host_suite", "parse_deb822", "parse_one_line"]
