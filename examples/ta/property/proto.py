# SPDX-License-Identifier: BSD-2-Clause
"""What client and TA of property agree on."""

UUID = "f3d520be-5cf8-58ae-885a-0090a302c73c"

READ = 0  # value: 0 the TA's, 1 the client's, 2 the TEE's; a name; room for the text
NAMES = 1  # the same value; room for the names, a line each
