# SPDX-License-Identifier: BSD-2-Clause
"""Keys of the device."""
