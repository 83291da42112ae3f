# SPDX-License-Identifier: BSD-2-Clause
"""Handlers of the utee calls, one class a subsystem. A handler is named as its row in calls/utee.py; it takes
the row's arguments as 64-bit words and returns None for TEE_SUCCESS, or raises TeeResult or GuestFault."""
