# SPDX-License-Identifier: BSD-2-Clause
"""What client and TA of tcp_client agree on."""

UUID = "32bf309c-148d-56cf-a9d7-b8201b694969"

ASK = 0  # host; value: port; a request; room for the answer
