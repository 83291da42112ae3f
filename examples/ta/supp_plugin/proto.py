# SPDX-License-Identifier: BSD-2-Clause
"""What client and TA of supp_plugin agree on, and what TA and plugin do."""

UUID = "882ba515-a276-5186-97bd-3c0eab3a65b3"

KEEP = 0  # a secret
TELL = 1  # room for it

PLUGIN = "0f2b7f0a-43b1-4c86-9f46-8a3c5f7e6d11"
SAVE = 1  # data: what to keep
LOAD = 2  # data: room for what was kept
