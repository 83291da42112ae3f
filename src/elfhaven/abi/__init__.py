# SPDX-License-Identifier: BSD-2-Clause
"""Numbers and layouts of the interfaces that elfhaven speaks. Standard library only."""
