# SPDX-License-Identifier: BSD-2-Clause
"""What client and TA of client_pool agree on."""

UUID = "2f1957d2-84a1-5940-91a9-ac5cd0e55347"

WORK = 0  # value: milliseconds; value, out: how many calls this session has had
