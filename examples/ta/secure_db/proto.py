# SPDX-License-Identifier: BSD-2-Clause
"""What client and TA of secure_db agree on."""

UUID = "6a3efcd1-5a36-5b72-99af-8ad47da1b0ed"

EXECUTE = 0  # JSON: [a statement, its arguments]; room for JSON: its rows
SIZE = 1  # value, out: bytes of the database
