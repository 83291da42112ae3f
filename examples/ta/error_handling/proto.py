# SPDX-License-Identifier: BSD-2-Clause
"""What client and TA of error_handling agree on."""

UUID = "b7307b9e-a93e-5273-8af0-b06039fd08f5"

FAIL = 0  # value: a TEE_Result, which is raised
NOT_FOUND = 1
BUG = 2
ADD = 3  # two numbers; value, out: the sum, or OUT_OF_RANGE
OUT_OF_RANGE = 0x0000_1001  # a code of this TA's own
