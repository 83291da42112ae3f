# SPDX-License-Identifier: BSD-2-Clause
"""Looking into a run: trace, statistics, profile, gdb, recording."""
