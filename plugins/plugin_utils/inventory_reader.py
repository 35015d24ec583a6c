# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the inventory Ansible holds into plain data that the policy can judge."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible import constants, context
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible.utils.vars import load_extra_vars
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_model import (
    ESTATE_GROUP,
    SERVICE_GROUPS,
    Inventory,
)
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_secrets import SECRET_NAMES
from ansible_collections.erpops.estate.plugins.plugin_utils.inventory_files import places
from ansible_collections.erpops.estate.plugins.plugin_utils.role_variables import RoleVariables, fit, read_roles

ROLES = Path(__file__).resolve().parents[2] / "roles"


def raw_hosts(task_vars: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the variables of all hosts of the estate as they are, with what tasks have registered."""
    return {host: task_vars["hostvars"].raw_get(host) for host in _ordered(_groups(task_vars))}


def read_shared(task_vars: Mapping[str, Any], loader: DataLoader, names: Collection[str]) -> Inventory:
    """Return of the whole inventory these variables of the role estate alone: a fraction of what everything takes."""
    everything = read_roles(loader, ROLES, [ESTATE_GROUP])
    known = RoleVariables(
        *({name: found[name] for name in names if name in found} for found in vars(everything).values())
    )
    reader = Reader(known, loader)
    return Inventory(
        groups=_groups(task_vars),
        hosts={host: reader.read(host, raw) for host, raw in raw_hosts(task_vars).items()},
        known=known.owner,
        unresolved=reader.unresolved,
        misfits=reader.misfits,
    )


def read_inventory(task_vars: Mapping[str, Any], loader: DataLoader) -> Inventory:
    """Return the whole inventory, whatever ``--limit`` says."""
    groups = _groups(task_vars)
    known = read_roles(loader, ROLES)
    for name in SECRET_NAMES:
        known.owner.setdefault(name, ESTATE_GROUP)
    reader = Reader(known, loader)
    hosts = {host: reader.read(host, task_vars["hostvars"].raw_get(host)) for host in _ordered(groups)}
    return Inventory(
        groups=groups,
        hosts=hosts,
        given=reader.given,
        known=known.owner,
        specs=known.specs,
        unresolved=reader.unresolved,
        misfits=reader.misfits,
        places={
            **places(_sources(task_vars), {*reader.given, "ansible_host"}),
            **{str(name): ["--extra-vars"] for name in load_extra_vars(loader)},
        },
    )


class Reader:
    """Resolves the variables of one host after the other and keeps what went wrong on the way."""

    def __init__(self, known: RoleVariables, loader: DataLoader) -> None:
        self.known = known
        self.loader = loader
        self.given: dict[str, list[str]] = {}
        self.unresolved: dict[str, str] = {}
        self.misfits: dict[str, list[str]] = {}

    def read(self, host: str, raw: Mapping[str, Any]) -> dict[str, Any]:
        """Return the host's variables with the roles' defaults beneath them."""
        templar = Templar(loader=self.loader, variables={**self.known.defaults, **raw})
        values: dict[str, Any] = {}
        for name in raw:
            if not name.startswith(("ansible_", "inventory_")):
                self.given.setdefault(name, []).append(host)
        for name in self.known.owner:
            given = name in raw
            if not given and name not in self.known.defaults:
                continue
            try:
                values[name] = plain(templar.template(raw[name] if given else self.known.defaults[name]))
            except AnsibleError as error:
                self._note(name, error, given)
                continue
            if given:
                values[name] = self._fitted(name, values[name])
        return values

    def _note(self, name: str, error: AnsibleError, given: bool) -> None:
        # What refers to facts, or is a role's own default, can only be judged once hosts are asked.
        text = str(error.message).splitlines()[0].rstrip(".")
        missing = re.search(r"'(\w+)' is undefined", text)
        facts = "has no attribute" in text or (missing and missing[1].startswith("ansible_"))
        if given and not facts:
            self.unresolved.setdefault(name, f"{missing[1]} is not defined" if missing else text)

    def _fitted(self, name: str, value: Any) -> Any:
        if name not in self.known.specs:
            return value
        fitted, errors = fit(name, value, self.known.specs[name])
        noted = self.misfits.setdefault(name, []) if errors else []
        noted.extend(error for error in errors if error not in noted)
        return value if errors else fitted


def plain(value: Any) -> Any:
    """Return nothing but dictionaries, lists and scalars; every template inside is resolved by that."""
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return [plain(inner) for inner in value]
    return value


def _groups(task_vars: Mapping[str, Any]) -> dict[str, list[str]]:
    return {str(name): [str(host) for host in hosts] for name, hosts in task_vars["groups"].items()}


def _ordered(groups: Mapping[str, Sequence[str]]) -> list[str]:
    named = [host for group in (ESTATE_GROUP, *SERVICE_GROUPS) for host in groups.get(group, ())]
    return list(dict.fromkeys(named))


def _sources(task_vars: Mapping[str, Any]) -> Iterator[str]:
    yield from context.CLIARGS.get("inventory") or constants.DEFAULT_HOST_LIST
    if task_vars.get("playbook_dir"):
        yield str(task_vars["playbook_dir"])
