# SPDX-License-Identifier: BSD-2-Clause
"""The emulator against the real OP-TEE: the same files, the same calls, the same transcript. Run by
`make fidelity`; see conftest.py."""
