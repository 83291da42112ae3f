# SPDX-License-Identifier: BSD-2-Clause
"""The machine: physical memory, page tables, address spaces, and the engine that executes guest code."""
