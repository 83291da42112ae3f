# SPDX-License-Identifier: BSD-2-Clause
"""What client and TA of tls_server agree on. A session of the TA is one connection."""

UUID = "9bbfc2bf-9050-5d2a-988f-c71a7462ebf6"
NAME = "localhost"

CERTIFICATE = 0  # room: the server's certificate in PEM
PASS = 1  # records that arrived; room for records to send; value, out: whether it is over, how many wait
