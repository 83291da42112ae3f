# SPDX-License-Identifier: BSD-2-Clause
"""What the normal world does for the TEE on request: images of Trusted Applications, and files."""

from elfhaven.normal.supplicant.fs import FileService
from elfhaven.normal.supplicant.images import Images

__all__ = ["FileService", "Images"]
