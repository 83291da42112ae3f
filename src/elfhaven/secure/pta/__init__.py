# SPDX-License-Identifier: BSD-2-Clause
"""Pseudo TAs: services of the core under a UUID. `PSEUDO_TAS` are those that every core has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfhaven.secure.pta.attestation import AttestationPta
from elfhaven.secure.pta.device import DevicePta
from elfhaven.secure.pta.rng import RngPta
from elfhaven.secure.pta.secstor import SecstorTaMgmtPta
from elfhaven.secure.pta.socket import SocketPta
from elfhaven.secure.pta.stats import StatsPta
from elfhaven.secure.pta.system import SystemPta

if TYPE_CHECKING:
    from elfhaven.secure.pta.base import PseudoTa

PSEUDO_TAS: tuple[type[PseudoTa], ...] = (
    SystemPta,
    DevicePta,
    StatsPta,
    RngPta,
    SocketPta,
    AttestationPta,
    SecstorTaMgmtPta,
)
