# SPDX-License-Identifier: BSD-2-Clause
"""Measurements, as ratios against yardsticks taken in the same run. `make bench` runs all."""
