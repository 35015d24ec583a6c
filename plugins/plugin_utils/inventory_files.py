# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the files of an inventory that set a variable."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import yaml

YAML_SUFFIXES = {".yml", ".yaml", ".json", ""}
INI_SUFFIXES = {".ini", ".cfg", ""}
VARIABLE_DIRECTORIES = ("group_vars", "host_vars")
LARGEST = 1_000_000


def places(sources: Iterable[str], names: Collection[str]) -> dict[str, list[str]]:
    """Return, by variable, the places (file and line) that set it.

    A variable that stands in no readable file is ascribed to the files that ansible-vault encrypts:
    their names are all that is known without reading secrets.
    """
    found: dict[str, list[str]] = {}
    encrypted: list[str] = []
    for path in sorted(set(_files(sources))):
        text = path.read_text(encoding="utf-8", errors="replace")
        if text.startswith("$ANSIBLE_VAULT"):
            encrypted.append(f"{shown(path)} (encrypted)")
            continue
        for name, line in _assignments(path, text):
            if name in names:
                found.setdefault(name, []).append(f"{shown(path)}:{line}")
    for name in names:
        if name not in found and encrypted:
            found[name] = list(encrypted)
    return found


def shown(path: Path) -> str:
    """Return a path as a person at the current directory would write it."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def _files(sources: Iterable[str]) -> Iterator[Path]:
    for source in sources:
        path = Path(source)
        if not path.exists():
            continue
        base = path if path.is_dir() else path.parent
        candidates = [path] if path.is_file() else [entry for entry in path.iterdir() if entry.is_file()]
        for directory in VARIABLE_DIRECTORIES:
            candidates.extend(entry for entry in (base / directory).rglob("*") if entry.is_file())
        for candidate in candidates:
            if candidate.suffix in YAML_SUFFIXES | INI_SUFFIXES and candidate.stat().st_size <= LARGEST:
                yield candidate


def _assignments(path: Path, text: str) -> Iterator[tuple[str, int]]:
    if path.suffix in INI_SUFFIXES:
        for number, line in enumerate(text.splitlines(), start=1):
            if not line.lstrip().startswith(("#", ";")):
                yield from ((name, number) for name in re.findall(r"\b([A-Za-z_]\w*)\s*=", line))
    if path.suffix in YAML_SUFFIXES:
        try:
            root = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.YAMLError:
            return  # an INI file without suffix, or a file that Ansible itself has refused by now
        yield from _keys(root)


def _keys(node: yaml.Node | None) -> Iterator[tuple[str, int]]:
    # Depth does not matter: only the collection's own variables are looked for, and they are not nested.
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                yield str(key.value), key.start_mark.line + 1
            yield from _keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _keys(item)
