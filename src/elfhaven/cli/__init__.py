# SPDX-License-Identifier: BSD-2-Clause
"""The command line: one file per verb. A verb imports what it needs when it runs: starting stays quick."""
