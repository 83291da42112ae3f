# SPDX-License-Identifier: BSD-2-Clause
"""Each example is a project of its own: its tests are run by test_examples.py, in a process of theirs."""

collect_ignore_glob = ["*/*"]
