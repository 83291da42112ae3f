# SPDX-License-Identifier: BSD-2-Clause
"""The wire between the worlds: SMC registers, and optee_msg in shared memory."""
