# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes docs/reference.md from the roles' specifications and the modules' documentation: ``make reference``."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "docs" / "reference.md"
LONGEST_DEFAULT = 60


def role_pages() -> Iterator[str]:
    """Return a section for each role, the shared one first."""
    files = sorted((ROOT / "roles").glob("*/meta/argument_specs.yml"), key=lambda path: path.parts[-3] != "estate")
    for path in files:
        main = yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]["main"]
        yield f"## Role `{path.parts[-3]}`\n"
        yield f"{plain(main.get('short_description', ''))}.\n"
        if main.get("options"):
            yield "| variable | type | default | |\n|---|---|---|---|"
            yield from rows("", main["options"])
            yield ""


def rows(path: str, options: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Return a line of the table for each option, and for those inside it."""
    for name, spec in options.items():
        full = f"{path}{name}"
        kind = spec.get("type", "str") + (f" of {spec['elements']}" if "elements" in spec else "")
        text = plain(spec.get("description", ""))
        if spec.get("choices"):
            text += f" One of {', '.join(f'`{choice}`' for choice in spec['choices'])}."
        yield f"| `{full}` | {kind} | {default(spec)} | {text} |"
        yield from rows(f"{full}[]." if kind.startswith("list") else f"{full}.", spec.get("options") or {})


def default(spec: Mapping[str, Any]) -> str:
    """Return the default as it would be written in an inventory."""
    if spec.get("required"):
        return "required"
    if "default" not in spec:
        return ""
    text = json.dumps(spec["default"]) if not isinstance(spec["default"], str) else spec["default"] or '""'
    text = " ".join(text.split()).replace("|", "\\|")
    return "see the role" if len(text) > LONGEST_DEFAULT else f"`{text}`"


def plain(text: str | list[str]) -> str:
    """Return a description without Ansible's markup, in one line."""
    joined = " ".join(text) if isinstance(text, list) else text
    joined = re.sub(r"\b[CVOMIBPRE]V?\(((?:[^()]|\([^()]*\))*)\)", r"`\1`", " ".join(joined.split()))
    pieces = joined.replace("|", "\\|").split("`")
    return "`".join(piece if inside % 2 else piece.replace("<", "&lt;") for inside, piece in enumerate(pieces))


def module_lines() -> Iterator[str]:
    """Return a line for each module."""
    for path in sorted((ROOT / "plugins" / "modules").glob("[a-z]*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
                names = [target.id for target in node.targets if isinstance(target, ast.Name)]
                if "DOCUMENTATION" in names:
                    data = yaml.safe_load(str(node.value.value))
                    yield f"| `erpops.estate.{path.stem}` | {plain(data['short_description'])} |"


def page() -> str:
    """Return the whole page."""
    parts = [
        "# Reference",
        "",
        "Written by `make reference` from the roles' specifications and the modules' documentation; do not edit.",
        "`ansible-doc -t role erpops.estate.patroni` and `ansible-doc erpops.estate.service` say more.",
        "",
        *role_pages(),
        "## Modules",
        "",
        "| module | |",
        "|---|---|",
        *module_lines(),
    ]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    REFERENCE.write_text(page(), encoding="utf-8")
