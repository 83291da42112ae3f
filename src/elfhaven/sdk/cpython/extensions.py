# SPDX-License-Identifier: BSD-2-Clause
"""Modules in C that lie in the image: found by their paths."""

import sys
from importlib.machinery import ExtensionFileLoader, ModuleSpec


class Extensions:
    """A finder for `places`: the path of each module."""

    def __init__(self, places):
        self._places = places

    def find_spec(self, name, path=None, target=None):
        place = self._places.get(name)
        return place and ModuleSpec(name, ExtensionFileLoader(name, place), origin=place)


def install(places):
    sys.meta_path.append(Extensions(places))
