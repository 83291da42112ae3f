# SPDX-License-Identifier: BSD-2-Clause
"""What the normal world does for the TEE on request: it finds the images of Trusted Applications."""

from elfhaven.normal.supplicant.images import Images

__all__ = ["Images"]
