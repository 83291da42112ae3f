# SPDX-License-Identifier: BSD-2-Clause
"""One Linux personality on the normal world's side: open files, paths, streams, conversions arm64 <-> host.

Everything here works with the rights of the process it runs in and never with more. Errors are OSError with
the errno that arm64 Linux gives; x86-64 and aarch64 hosts number errors alike.
"""
