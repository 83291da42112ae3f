# SPDX-License-Identifier: BSD-2-Clause
"""Pseudo TAs: services of the core under a UUID, one class each with a table of commands."""
