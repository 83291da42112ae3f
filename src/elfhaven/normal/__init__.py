# SPDX-License-Identifier: BSD-2-Clause
"""The normal world: the TEE Client API, the driver that speaks the wire, the supplicant, and the agent that
performs what a program inside delegates."""
