# SPDX-License-Identifier: BSD-2-Clause
"""The tables of calls: one row for each call that crosses a boundary, declared once.

Dispatch, marshalling (the runtime's C header too), tracing, documentation, the conformance list and the
tests of hostile answers are all made from the rows.
"""
