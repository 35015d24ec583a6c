# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file that people write, as plain data that knows on which line each part of it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_model import Finding

Path: TypeAlias = "tuple[str | int, ...]"


@dataclass(frozen=True)
class Document:
    """Data of a file that fits its schema. ``lines`` has the line of each key and of each entry of a list."""

    file: str
    data: Any
    lines: Mapping[Path, int] = field(default_factory=dict)

    def where(self, *path: str | int) -> str:
        """Return file and line of a part, or of the nearest that holds it."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.lines:
                return f"{self.file}:{self.lines[path[:length]]}"
        return self.file

    def finding(self, path: Path, problem: str, remedy: str) -> Finding:
        """Return what is wrong with a part."""
        return Finding(self.where(*path), called(path), problem, remedy)


def called(path: Path) -> str:
    """Return the name of a part, such as ``rules[2].window``."""
    name = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return name.lstrip(".") or "the file"
