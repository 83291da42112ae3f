# SPDX-License-Identifier: BSD-2-Clause
"""What client and TA of udp_socket agree on."""

UUID = "26e542b4-1b78-5e11-80be-b731d54f2ca3"

ASK = 0  # host; value: port, and how often to try; a request; room for the answer
