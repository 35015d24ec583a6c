# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges the list of instances: names, and what two instances must not share."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy.instances import VARIABLE, Instance
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_model import (
    Finding,
    Inventory,
    listed,
    shared_by,
)
from ansible_collections.erpops.estate.plugins.module_utils.policy.ports import PORTS, instance_ports

NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")
DATABASE = re.compile(r"[a-z][a-z0-9_]{0,62}")
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
HOST_NAME = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
# Roles and databases that PostgreSQL has already, and users that Redis and its Sentinels have.
RESERVED = frozenset(
    {
        *("postgres", "template0", "template1", "root", "replicator", "rewinder"),
        *("default", "admin", "replication", "sentinel"),
    }
)
COUNTS = {
    "workers": (
        "without worker processes there is no websocket port and no limit",
        "Set 1 or more, or leave it out to have it sized",
    ),
    "cron_threads": ("no scheduled action would ever run", "Set 1 or more"),
    "job_workers": ("no job would ever run", "Set 1 or more"),
}


def instance_findings(inventory: Inventory) -> Iterator[Finding]:
    """Find everything wrong in estate_instances."""
    items = inventory.shared(VARIABLE, [])
    where = inventory.where(VARIABLE)
    if not isinstance(items, Sequence) or isinstance(items, str):
        yield Finding(where, VARIABLE, "it is not a list", "Write one list entry per instance")
        return
    if not items and inventory.members("odoo"):
        yield Finding(
            where, VARIABLE, "it is empty: the hosts of the group odoo have nothing to run", "Add an instance"
        )
    instances = []
    for index, item in enumerate(items):
        if not isinstance(item, Mapping):
            yield Finding(where, f"{VARIABLE}[{index}]", "it is not a mapping", "Give the entry at least a name")
            continue
        instance = Instance.of(item)
        instances.append(instance)
        yield from _one(instance, index, where)
        yield from _counts(instance, item, where)
    yield from _names_in_common(instances, where)
    yield from _prefixes_in_common(instances, where)
    yield from _ports_in_common(instances, _taken(inventory), where)


def _one(instance: Instance, index: int, where: str) -> Iterator[Finding]:
    label = f"{VARIABLE}.{instance.name}" if instance.name else f"{VARIABLE}[{index}]"
    if not NAME.fullmatch(instance.name):
        yield Finding(
            where,
            f"{label}.name",
            f"{instance.name!r} is not a valid name",
            "Use a small letter, then up to 30 small letters, digits or underscores",
        )
    elif instance.name in RESERVED or instance.name.startswith("pg_"):
        problem = f"{instance.name!r} is taken by PostgreSQL or Redis themselves"
        yield Finding(where, f"{label}.name", problem, "Choose another name")
    if not instance.host_names:
        problem = "the instance has no host name, so no user can reach it"
        yield Finding(where, f"{label}.host_names", problem, "List at least one")
    for host_name in instance.host_names:
        if not HOST_NAME.fullmatch(host_name.lower()):
            problem = f"{host_name!r} is not a fully qualified host name"
            yield Finding(where, f"{label}.host_names", problem, "Write it as in DNS, without scheme, port or path")
    if instance.database != instance.name and (
        not DATABASE.fullmatch(instance.database) or instance.database in RESERVED
    ):
        problem = f"{instance.database!r} cannot be the name of the database"
        yield Finding(where, f"{label}.database", problem, "Use small letters, digits and underscores")
    if not BUCKET.fullmatch(instance.bucket) or ".." in instance.bucket:
        problem = f"{instance.bucket!r} is not a valid bucket name"
        yield Finding(where, f"{label}.bucket", problem, "Set bucket to 3 to 63 small letters, digits, dots or hyphens")


def _counts(instance: Instance, item: Mapping[str, Any], where: str) -> Iterator[Finding]:
    for key, (why, remedy) in COUNTS.items():
        count = item.get(key)
        if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 1):
            problem = f"{count!r} {key.replace('_', ' ')}: {why}"
            yield Finding(where, f"{VARIABLE}.{instance.name}.{key}", problem, remedy)


def _names_in_common(instances: Sequence[Instance], where: str) -> Iterator[Finding]:
    for attribute, what in (("name", "name"), ("database", "database"), ("bucket", "bucket")):
        pairs = [(instance.name, getattr(instance, attribute)) for instance in instances]
        for value, owners in shared_by(pairs):
            # Instances of one name have one database and one bucket too: say it once.
            if attribute != "name" and len(set(owners)) == 1:
                continue
            yield Finding(
                where, f"{VARIABLE}.{attribute}", f"{listed(owners)} share the {what} {value!r}", "Give each its own"
            )
    host_names = [(instance.name, name.lower()) for instance in instances for name in instance.host_names]
    for value, owners in shared_by(host_names):
        yield Finding(
            where, f"{VARIABLE}.host_names", f"{listed(owners)} share the host name {value!r}", "Give each its own"
        )


def _prefixes_in_common(instances: Sequence[Instance], where: str) -> Iterator[Finding]:
    for position, one in enumerate(instances):
        for other in instances[position + 1 :]:
            if one.name == other.name:
                continue
            if one.redis_prefix.startswith(other.redis_prefix) or other.redis_prefix.startswith(one.redis_prefix):
                yield Finding(
                    where,
                    f"{VARIABLE}.redis_prefix",
                    f"{one.name} ({one.redis_prefix!r}) and {other.name} ({other.redis_prefix!r}) share keys in Redis",
                    "Choose prefixes of which none begins with the other",
                )


def _taken(inventory: Inventory) -> dict[int, str]:
    # Whatever stands beside Odoo today: services move, and an instance's ports are known to its users.
    return {
        port.number_on(inventory.hosts.get(host, {})): port.owner
        for group, ports in PORTS.items()
        for host in inventory.members(group)
        for port in ports
    }


def _ports_in_common(instances: Sequence[Instance], taken: Mapping[int, str], where: str) -> Iterator[Finding]:
    pairs = []
    for instance in instances:
        for key, port in instance_ports(instance):
            label = f"{VARIABLE}.{instance.name}.{key}"
            if isinstance(port, bool) or not isinstance(port, int) or not 1024 <= port <= 65535:
                yield Finding(where, label, f"{port!r} is not a port", "Use a number between 1024 and 65535")
                continue
            if port in taken:
                problem = f"{port} is the port of {taken[port]}"
                yield Finding(where, label, problem, "Choose another port")
            pairs.append((f"{instance.name}.{key}", port))
    for port, owners in shared_by(pairs):
        yield Finding(
            where,
            f"{VARIABLE}.http_port and gevent_port",
            f"{listed(owners)} share the port {port}",
            "Give each its own",
        )
