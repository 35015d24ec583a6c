# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges values of the roles' variables that each fit their specification and still cannot work."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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
from ansible_collections.erpops.estate.plugins.module_utils.policy.planes import address
from ansible_collections.erpops.estate.plugins.module_utils.policy.sizing import LEAST_MB, ODOO_LIMIT_LEAST_MB

Variables = Mapping[str, Any]
# Not a group: every host of the estate has the engine.
ENGINE = "docker_engine"
# Redis' users.acl and the files of its clients have no way to quote.
REDIS_PASSWORD = re.compile(r'[^\s"]{16,}')
REPOSITORY_KEYS = ("uri", "suite", "components", "key")


@dataclass(frozen=True)
class Rule:
    """Variables that have to fit together, and what to do where they do not.

    ``holds`` is asked of every host of the group, with the roles' defaults beneath; a variable that could not be
    resolved is another finding's business.
    """

    variables: Sequence[str]
    holds: Callable[[Variables], bool]
    remedy: str
    secret: bool = False


def _archives(values: Variables) -> bool:
    return values.get("patroni_archive_enabled") is not False


def _fits_redis(name: str) -> Callable[[Variables], bool]:
    return lambda values: not values[name] or bool(REDIS_PASSWORD.fullmatch(values[name]))


RULES: Mapping[str, Sequence[Rule]] = {
    "etcd": (
        Rule(
            ("etcd_election_timeout_ms", "etcd_heartbeat_interval_ms"),
            lambda v: 5 * v["etcd_heartbeat_interval_ms"] <= v["etcd_election_timeout_ms"] <= 50000,
            "Set the election timeout between five heartbeats and 50000 ms",
        ),
    ),
    "patroni": (
        Rule(
            ("patroni_memory_mb",),
            lambda v: v["patroni_memory_mb"] == 0 or v["patroni_memory_mb"] >= LEAST_MB["patroni"],
            f"Set {LEAST_MB['patroni']} or more, or 0 to have it sized",
        ),
        Rule(
            ("backup_cipher_passphrase",),
            lambda v: not _archives(v) or not v["backup_cipher_passphrase"] or len(v["backup_cipher_passphrase"]) >= 20,
            "Use 20 characters or more",
            secret=True,
        ),
        Rule(
            ("backup_bucket",),
            lambda v: not _archives(v) or bool(v["backup_bucket"]),
            "Name the bucket of the repository",
        ),
    ),
    "redis": (
        *(
            Rule((name,), _fits_redis(name), "Use 16 characters or more, without blanks and quotes", secret=True)
            for name in (
                "redis_sentinel_admin_password",
                "redis_sentinel_replication_password",
                "redis_sentinel_sentinel_password",
            )
        ),
        Rule(
            ("redis_sentinel_memory_mb",),
            lambda v: v["redis_sentinel_memory_mb"] == 0 or v["redis_sentinel_memory_mb"] >= 64,
            "Set 64 or more, or 0 to have it sized",
        ),
    ),
    "odoo": (
        Rule(("odoo_db_maxconn",), lambda v: v["odoo_db_maxconn"] >= 6, "Set 6 or more: one request may hold three"),
        Rule(
            ("odoo_limit_memory_hard_mb", "odoo_limit_memory_soft_mb"),
            lambda v: v["odoo_limit_memory_hard_mb"] > v["odoo_limit_memory_soft_mb"],
            "Keep the hard limit above the soft one",
        ),
        Rule(
            ("odoo_limit_memory_hard_mb",),
            lambda v: v["odoo_limit_memory_hard_mb"] >= ODOO_LIMIT_LEAST_MB,
            f"Set {ODOO_LIMIT_LEAST_MB} or more: it counts virtual memory, and printing a report maps nearly as much",
        ),
        Rule(
            ("odoo_cron_threads", "odoo_job_workers"),
            lambda v: v["odoo_cron_threads"] >= 1 and v["odoo_job_workers"] >= 1,
            "Set 1 or more: scheduled actions and jobs would never run",
        ),
    ),
    "edge": (
        Rule(
            ("traefik_body_limit_bytes",),
            lambda v: v["traefik_body_limit_bytes"] >= 1048576,
            "Set 1048576 or more: pictures and spreadsheets are larger than that",
        ),
        Rule(
            ("traefik_login_average", "traefik_login_burst"),
            lambda v: v["traefik_login_average"] >= 1 and v["traefik_login_burst"] >= 1,
            "Set 1 or more: nobody could log in",
        ),
        Rule(
            ("virtual_ip_router_id",),
            lambda v: 1 <= v["virtual_ip_router_id"] <= 255,
            "Choose a number from 1 to 255 that nobody else in the network segment has",
        ),
        Rule(
            ("virtual_ip_advert_seconds",),
            lambda v: 0 < v["virtual_ip_advert_seconds"] < 1,
            "Set less than a second: the other edge takes over after three adverts were missed",
        ),
    ),
    "image_registry": (
        Rule(
            ("image_registry_read_only", "image_registry_users"),
            lambda v: v["image_registry_read_only"] or bool(v["image_registry_users"]),
            "Name users, or keep it read-only: anyone could replace an image",
        ),
    ),
    ENGINE: (
        Rule(
            ("docker_engine_options",),
            lambda v: v["docker_engine_options"].get("live-restore", True) is True,
            "Leave live-restore on: without it every change of the engine stops the containers",
        ),
        Rule(
            ("docker_engine_repository",),
            lambda v: (
                not v["docker_engine_repository"] or all(v["docker_engine_repository"].get(k) for k in REPOSITORY_KEYS)
            ),
            f"Give it {listed(REPOSITORY_KEYS)}, or leave it empty for the distribution's engine",
        ),
    ),
}


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
    place = inventory.members("object_storage") or variables.get("backup_s3_address")
    if variables and _archives(variables) and not place:
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
