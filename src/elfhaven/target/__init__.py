# SPDX-License-Identifier: BSD-2-Clause
"""Where a TA runs, and the device it runs on: engine, storage and keys are chosen here."""
