# SPDX-License-Identifier: BSD-2-Clause
"""What client and TA of inter_ta agree on."""

UUID = "696216e3-64d9-5934-acd7-95ba6b80c368"
COUNTER = "1c5f2f2a-6d0e-4f0c-8c22-6b2a3a1fd001"

COUNT = 0  # of both. value, out: how often; room for who asked (the counter alone)
