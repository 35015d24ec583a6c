# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges values of the roles' variables that each fit their specification and still cannot work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy.dynamic_config import objections
from ansible_collections.erpops.estate.plugins.module_utils.policy.dynamic_keys import FLAG, KEYS
from ansible_collections.erpops.estate.plugins.module_utils.policy.instances import VARIABLE, instances
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_model import (
    SERVICE_GROUPS,
    Finding,
    Inventory,
    listed,
)
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_rules import (
    RULES,
    Rule,
    Variables,
)


def value_rule_findings(inventory: Inventory, group: str) -> Iterator[Finding]:
    """Find values of a group's services that cannot work, each rule once for the hosts that break it."""
    hosts = inventory.members(group) if group in SERVICE_GROUPS else inventory.estate_hosts()
    for rule in RULES.get(group, ()):
        broken = [host for host in hosts if not _holds(inventory, rule, inventory.hosts.get(host, {}))]
        if broken:
            first = inventory.hosts[broken[0]]
            shown = "it does not fit" if rule.secret else "found " + _found(rule, first)
            on = "" if len(broken) == len(hosts) else f" on {listed(broken)}"
            where = inventory.where(rule.variables[0], f"group {group}")
            yield Finding(where, listed(rule.variables), f"{shown}{on}", rule.remedy)
    if group == "patroni":
        yield from _dynamic(inventory)
    if group == "object_storage":
        yield from _logins(inventory)


def _holds(inventory: Inventory, rule: Rule, variables: Variables) -> bool:
    names = rule.variables
    if any(name not in variables or name in inventory.unresolved or name in inventory.misfits for name in names):
        return True
    return any(variables[name] is None for name in names) or rule.holds(variables)


def _found(rule: Rule, variables: Variables) -> str:
    return listed(repr(variables[name]) for name in rule.variables)


def _dynamic(inventory: Inventory) -> Iterator[Finding]:
    # What Patroni is told for all its members: the first speaks for them.
    variables = inventory.hosts.get(next(iter(inventory.members("patroni")), ""), {})
    named = {key: f"patroni_{key}" for key, kind in KEYS.items() if kind is not FLAG}
    config = {key: variables[name] for key, name in named.items() if name in variables}
    for objection in objections(config, config):
        key, _colon, problem = objection.partition(": ")
        variable = f"patroni_{key}"
        yield Finding(inventory.where(variable, "group patroni"), variable, problem, "Change it, or leave it out")


def _logins(inventory: Inventory) -> Iterator[Finding]:
    """Two logins with one key would be one; what owns a bucket alone can take its objects away."""
    hosts = inventory.members("object_storage")
    if not hosts:
        return
    variables = inventory.hosts.get(hosts[0], {})
    secrets = variables.get("estate_instance_secrets")
    secrets = secrets if isinstance(secrets, Mapping) else {}
    own = instances(variables.get(VARIABLE))
    keys = {
        "object_storage_admin_access_key": variables.get("object_storage_admin_access_key"),
        "object_storage_backup_access_key": variables.get("object_storage_backup_access_key"),
    }
    for instance in own:
        held = secrets.get(instance.name)
        keys[f"estate_instance_secrets.{instance.name}.s3_access_key"] = (
            held.get("s3_access_key") if isinstance(held, Mapping) else None
        )
    names: dict[Any, list[str]] = {}
    for name, key in keys.items():
        if key:
            names.setdefault(key, []).append(name)
    for owners in names.values():
        if len(owners) > 1:
            where = inventory.where(owners[0].partition(".")[0], "group object_storage")
            yield Finding(where, listed(owners), "they are the same key", "Give each login a key of its own")
    backup = variables.get("object_storage_backup_bucket")
    for instance in own:
        if instance.bucket == backup:
            problem = f"{backup!r} is the bucket of the backups"
            yield Finding(inventory.where(VARIABLE), f"{VARIABLE}.{instance.name}.bucket", problem, "Give it its own")
