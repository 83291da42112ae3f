# SPDX-License-Identifier: BSD-2-Clause
"""Trusted storage: persistent objects of TAs, each one sealed blob in the target's Storage."""
