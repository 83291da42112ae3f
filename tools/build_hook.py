# SPDX-License-Identifier: BSD-2-Clause
"""hatchling's build hook: the runtime is built into every wheel and every editable install, the bridge (which
takes a libc to link, and half a minute) into wheels; in a checkout `make bridge` builds it.

Without ziglang (an environment built with --no-build-isolation) a runtime.elf that is already there is kept.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

RUNTIME = "src/elfhaven/runtime.elf"
BRIDGE = "src/elfhaven/bridge.elf"


class RuntimeHook(BuildHookInterface):  # type: ignore[type-arg]
    """Builds src/elfhaven/runtime.elf."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        if importlib.util.find_spec("ziglang") is None:
            if not (root / RUNTIME).exists():
                raise RuntimeError("ziglang is needed to build the container runtime: pip install ziglang")
            return
        sys.path.insert(0, str(root / "tools"))
        import build_bridge
        import build_runtime

        build_runtime.build(root / RUNTIME)
        build_data.setdefault("artifacts", []).append(RUNTIME)
        if version != "editable":
            build_bridge.build(root / BRIDGE)
            build_data["artifacts"].append(BRIDGE)
