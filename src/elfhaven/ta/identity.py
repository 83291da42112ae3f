# SPDX-License-Identifier: BSD-2-Clause
"""Who a client is (TEE_Identity)."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from elfhaven.abi import gp

_NAMES = {value: name for name, value in vars(gp).items() if name.startswith("TEE_LOGIN_")}


@dataclass(frozen=True, slots=True)
class Identity:
    """`login` is a TEE_LOGIN_*; `uuid` names the user, group, application or TA."""

    login: int
    uuid: UUID

    @property
    def is_ta(self) -> bool:
        return self.login == gp.TEE_LOGIN_TRUSTED_APP

    @property
    def login_name(self) -> str:
        return _NAMES.get(self.login, f"{self.login:#x}")
