# SPDX-License-Identifier: BSD-2-Clause
"""The error tree. Every error names its cause and, where one is known, the fix.

ElfhavenError
|-- UsageError          the request itself is wrong (command line, API arguments)
|-- ImageError          an ELF or TA file that cannot be used
|   `-- SignatureError  a TA image whose signature or hash does not hold
|-- ManifestError       elfhaven.toml is wrong; carries file and line
|-- StateError          the device's state directory cannot be used
|-- AuditError          an audit log that cannot be written or does not verify
|-- PackageError        a distribution package that cannot be had
|-- TargetError         the target cannot be reached or started
|-- ProgramFault        the program (or its runtime) died inside
`-- TeeError            a GlobalPlatform result other than TEE_SUCCESS
"""

from __future__ import annotations


class ElfhavenError(Exception):
    """An error with a cause and a fix, shown to a user as one or two lines without a traceback."""

    def __init__(self, cause: str, fix: str | None = None) -> None:
        super().__init__(cause)
        self.cause = cause
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.cause}\n  fix: {self.fix}" if self.fix else self.cause


class UsageError(ElfhavenError):
    """The request itself is wrong."""


class ImageError(ElfhavenError):
    """An ELF or TA file that cannot be used; the cause names the file and the offset where known."""


class SignatureError(ImageError):
    """A TA image whose hash or signature does not hold under any trusted key."""


class ManifestError(ElfhavenError):
    """A manifest that is wrong. `path` and `line` (1-based, None when unknown) say where."""

    def __init__(
        self, cause: str, fix: str | None = None, *, path: str | None = None, line: int | None = None
    ) -> None:
        where = f"{path or 'manifest'}:{line}: " if line else f"{path}: " if path else ""
        super().__init__(where + cause, fix)
        self.path = path
        self.line = line


class StateError(ElfhavenError):
    """The device's state directory cannot be read, written or locked."""


class AuditError(ElfhavenError):
    """An audit log that cannot be written, or that does not verify."""


class PackageError(ElfhavenError):
    """A distribution package that cannot be fetched or unpacked."""


class TargetError(ElfhavenError):
    """A target that cannot be reached or started."""


class ProgramFault(ElfhavenError):
    """The program, or the runtime under it, died inside the secure world."""


class TeeError(ElfhavenError):
    """A GlobalPlatform result other than TEE_SUCCESS.

    `code` is the 32-bit TEE_Result, `origin` the 32-bit TEE_ORIGIN_* (GP Client API 1.0, clause 4.4).
    """

    def __init__(self, code: int, origin: int, cause: str, fix: str | None = None) -> None:
        super().__init__(cause, fix)
        self.code = code
        self.origin = origin
