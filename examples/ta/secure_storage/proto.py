# SPDX-License-Identifier: BSD-2-Clause
"""What client and TA of secure_storage agree on."""

UUID = "bb4b6da8-d9c2-5b21-8a6e-bb5a034bc138"

WRITE = 0  # name, content
READ = 1  # name; room
DELETE = 2  # name
NAMES = 3  # room: the names, a line each
