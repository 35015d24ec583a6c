# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection's roles know: their variables, defaults and specifications."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError
from ansible.parsing.dataloader import DataLoader


@dataclass
class RoleVariables:
    """Every public variable of the roles, by name."""

    owner: dict[str, str] = field(default_factory=dict)
    defaults: dict[str, Any] = field(default_factory=dict)
    specs: dict[str, Mapping[str, Any]] = field(default_factory=dict)


def read_roles(loader: DataLoader, roles: Path, names: Collection[str] = ()) -> RoleVariables:
    """Read defaults and argument specifications of all roles in a directory, or of those that are named."""
    known = RoleVariables()
    for role in sorted(path for path in roles.iterdir() if path.is_dir() and path.name in (names or [path.name])):
        for name, value in _load(loader, role / "defaults" / "main.yml").items():
            known.owner[name] = role.name
            known.defaults[name] = value
        entry_points = _load(loader, role / "meta" / "argument_specs.yml").get("argument_specs", {})
        for entry_point in entry_points.values():
            for name, spec in (entry_point.get("options") or {}).items():
                known.owner[name] = role.name
                known.specs[name] = spec
    return known


def _load(loader: DataLoader, path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        return {}
    return loader.load_from_file(str(path), trusted_as_template=True) or {}


def fit(name: str, value: Any, spec: Mapping[str, Any]) -> tuple[Any, list[str]]:
    """Return the value as its specification reads it, and what does not fit.

    Settings that the specification does not have are left to the policy, which names the nearest one.
    """
    own = {key: setting for key, setting in spec.items() if key not in ("default", "required")}
    result = ArgumentSpecValidator({name: own}).validate({name: value})
    errors = [error.msg for error in result.errors if not isinstance(error, UnsupportedError)]
    if errors and spec.get("no_log"):
        errors = ["the value is not of the kind that is expected"]
    return result.validated_parameters.get(name, value), [str(error).rstrip(".") for error in errors]
