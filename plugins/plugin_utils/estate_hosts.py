# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one role may ask about other hosts and other roles: Ansible shows a role's defaults to that role alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ansible.module_utils.common.yaml import yaml_load
from ansible_collections.erpops.estate.plugins.module_utils.policy.host_sizes import Host
from ansible_collections.erpops.estate.plugins.module_utils.policy.said import said
from ansible_collections.erpops.estate.plugins.module_utils.policy.sizing import usable_memory_mb

ROLES = Path(__file__).resolve().parents[2] / "roles"


class Settings(Mapping[str, Any]):
    """A host's variables with the roles' defaults beneath them, resolved one at a time as they are asked for.

    A default that refers to other variables is left out: only its own role can resolve it.
    """

    def __init__(self, own: Mapping[str, Any]) -> None:
        self._own = own

    def __getitem__(self, name: str) -> Any:
        """Return what the inventory says, or the role."""
        return self._own[name] if name in self._own else plain_defaults()[name]

    def __contains__(self, name: object) -> bool:
        """Return whether the inventory or a role says anything."""
        return name in self._own or name in plain_defaults()

    def __iter__(self) -> Iterator[str]:
        """Iterate over all names."""
        return iter({**plain_defaults(), **dict.fromkeys(self._own)})

    def __len__(self) -> int:
        """Count all names."""
        return len(list(iter(self)))


@cache
def plain_defaults() -> Mapping[str, Any]:
    """Return every default of the collection's roles that is no template."""
    found: dict[str, Any] = {}
    for path in sorted(ROLES.glob("*/defaults/main.yml")):
        found.update(yaml_load(path.read_text(encoding="utf-8")))
    return {name: value for name, value in found.items() if "{{" not in str(value)}


def setting(hosts: Iterable[str], hostvars: Mapping[str, Any], name: str) -> Any:
    """Return what the first host that has any says, or the default of the variable's role.

    :raises KeyError: nobody says anything, and no role has a default that stands for itself.
    """
    nothing = object()
    found = said(hosts, hostvars, name, nothing)
    return plain_defaults()[name] if found is nothing else found


def survey_of(variables: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what the look at a host of this run told; nothing where there was none."""
    found: Mapping[str, Any] = (variables.get("estate_host_survey") or {}).get("survey") or {}
    return found


def host_of(name: str, variables: Mapping[str, Any]) -> Host:
    """Return what this run knows about a host: from the look at it, also where it is left out, or from its facts."""
    seen = survey_of(variables) or variables.get("estate_host_seen") or {}
    facts = variables.get("ansible_facts") or {}
    memory = seen.get("memory_mb") or facts.get("memtotal_mb") or 0
    settings = Settings(variables)
    return Host(
        name=name,
        groups=list(variables.get("group_names") or ()),
        memory_mb=usable_memory_mb(memory, int(settings["estate_host_memory_mb"] or 0)) if memory else 0,
        cpus=int(seen.get("cpus") or facts.get("processor_vcpus") or 0),
        variables=settings,
    )
