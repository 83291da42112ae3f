# SPDX-License-Identifier: BSD-2-Clause
"""The secure world: an OP-TEE core that runs signed TAs at EL0 and answers SMCs."""
