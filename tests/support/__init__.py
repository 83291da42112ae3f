# SPDX-License-Identifier: BSD-2-Clause
"""What the tests share: compiling programs, running them natively and under qemu, the shared data."""
