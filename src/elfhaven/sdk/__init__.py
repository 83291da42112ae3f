# SPDX-License-Identifier: BSD-2-Clause
"""The front doors for people's own programs: run or pack a program, verify its log, look into a file.

Each door stands in a module of its own, so that packing does not load an engine; `elfhaven` names them all.
"""
