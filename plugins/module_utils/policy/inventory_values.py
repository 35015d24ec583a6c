# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges values of the roles' variables that each fit their specification and still cannot work."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy.backup import (
    Kept,
    go_here,
    lock_days,
    missing_lock_days,
)
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
    archives,
)
from ansible_collections.erpops.estate.plugins.module_utils.policy.planes import address, service_address

# What says whether there are backups, and where they go.
_PLACE = ("patroni_archive_enabled", "backup_s3_address")


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
        yield from _backup_place(inventory)
    if group == "redis":
        yield from _redis_addresses(inventory)
    if group == "object_storage":
        yield from _logins(inventory)
        yield from _backup_lock(inventory)


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


def _backup_place(inventory: Inventory) -> Iterator[Finding]:
    variables = inventory.hosts.get(next(iter(inventory.members("patroni")), ""), {})
    # The role's own default is the object storage of the estate, where it has one.
    place = variables.get("backup_s3_address", inventory.members("object_storage"))
    if variables and archives(variables) and not place:
        remedy = "Give the group object_storage a host, or set backup_s3_address"
        where = inventory.where("backup_s3_address", "group patroni")
        yield Finding(where, "backup_s3_address", "backups and WAL have no place to go to", remedy)


def _redis_addresses(inventory: Inventory) -> Iterator[Finding]:
    for host in inventory.members("redis"):
        found = address(inventory.hosts.get(host, {}), host, "data")
        try:
            ipaddress.ip_address(found)
        except ValueError:
            where = inventory.where("estate_data_address", f"host {host}")
            problem = f"{found!r} is a name, and Sentinels tell clients the members' addresses"
            yield Finding(where, "estate_data_address", problem, f"Set it to the IP address of {host}")


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


def _backup_lock(inventory: Inventory) -> Iterator[Finding]:
    """A backup that is kept and no longer locked is there only as long as nobody destroys it."""
    name, *sources = "object_storage_backup_retention_days", "backup_retention_full", "backup_full_calendar"
    given = inventory.setting("object_storage", name)
    fulls, calendar = (inventory.setting("patroni", source) for source in sources)
    doubtful = {*inventory.unresolved, *inventory.misfits} & {name, *sources, *_PLACE}
    if doubtful or None in (given, fulls, calendar):
        return
    kept = Kept(fulls, calendar, here=_backed_up_here(inventory))
    needed = missing_lock_days(given, kept)
    where = inventory.where(name, "group object_storage")
    if lock_days(given, kept) is None:
        problem = f"0, and backup_full_calendar {calendar!r} does not tell how far its dates are apart"
        remedy = "Set the days that a backup is kept at most, with one that fails"
        yield Finding(where, name, problem, remedy)
    elif needed:
        problem = (
            f"found {given}, and a backup is kept for up to {needed} days (backup_retention_full {fulls}, {calendar})"
        )
        yield Finding(where, name, problem, f"Set {needed} or more, or 0 to have it follow from those")


def _backed_up_here(inventory: Inventory) -> bool:
    archives_there, address_there = (inventory.setting("patroni", name) for name in _PLACE)
    return go_here(
        archived=archives({"patroni_archive_enabled": archives_there}),
        address=str(address_there or ""),
        own=[
            service_address(inventory.hosts.get(store, {}), store, "data", "object_storage_address")
            for store in inventory.members("object_storage")
        ],
    )
