# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sound inventory as plain data, and a way to spoil one thing in it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_model import Finding, Inventory
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_secrets import (
    IMAGES,
    INSTANCE_SECRETS,
    SECRET_NAMES,
)
from ansible_collections.erpops.estate.plugins.plugin_utils.estate_hosts import plain_defaults

Spoil = Callable[[dict[str, Any]], None]

ROLES = ("certificates", "etcd", "patroni", "backup", "redis_sentinel", "object_storage", "image_registry", "odoo")
GROUPS = {
    "etcd": ["n1", "n2", "n3"],
    "patroni": ["n1", "n2", "n3"],
    "redis": ["n1", "n2", "n3"],
    "odoo": ["n1", "n2"],
    "edge": ["n1", "n2"],
    "object_storage": ["s1"],
    "image_registry": ["s1"],
}
INSTANCES = [
    {"name": "north", "host_names": ["north.example.com"], "http_port": 8069, "gevent_port": 8072, "workers": 2},
    {"name": "south", "host_names": ["south.example.com"], "http_port": 8169, "gevent_port": 8172},
]


def variables(host: str, address: str) -> dict[str, Any]:
    """Return what a host of a sound inventory has."""
    return {
        **copy.deepcopy(dict(plain_defaults())),
        "estate_name": "acme",
        "estate_environment": "production",
        "estate_high_availability": True,
        "estate_domain": "acme.example.com",
        "estate_address": address,
        "estate_data_address": address,
        "estate_virtual_ip": "10.0.0.10",
        "certificates_authority_dir": "/srv/acme/.authority",
        "estate_images": {name: f"registry.example.com/{name}@sha256:{'0f' * 32}" for name in IMAGES.values()},
        "estate_instances": copy.deepcopy(INSTANCES),
        "estate_instance_secrets": {
            name: {key: f"{name}-{key}" for key in INSTANCE_SECRETS} for name in ("north", "south")
        },
        "redis_sentinel_quorum": 2,
        "backup_bucket": "acme-backup",
        "object_storage_backup_bucket": "acme-backup",
        **{name: f"{name}-of-{host}" for name in SECRET_NAMES},
    }


def sound() -> dict[str, Any]:
    """Return the fields of an inventory in which nothing is wrong."""
    groups = copy.deepcopy(GROUPS)
    hosts = {host: variables(host, f"10.0.0.{number}") for number, host in enumerate(("n1", "n2", "n3", "s1"), 1)}
    known = {name: next((role for role in ROLES if name.startswith(f"{role}_")), "estate") for name in hosts["n1"]}
    return {
        "groups": {"estate": list(hosts), **groups},
        "hosts": hosts,
        "given": {name: list(hosts) for name in hosts["n1"]},
        "known": known,
        "specs": {},
        "places": {"estate_instances": ["group_vars/all/instances.yml:2"]},
    }


def everywhere(**changed: Any) -> Spoil:
    """Return what sets variables on all hosts, as the inventory does."""

    def spoil(fields: dict[str, Any]) -> None:
        for host in fields["hosts"].values():
            host.update(copy.deepcopy(changed))
        for name in changed:
            fields["given"][name] = list(fields["hosts"])
            fields["known"].setdefault(name, "estate")

    return spoil


def inventory(*spoils: Spoil) -> Inventory:
    """Return a sound inventory with these things spoiled in it."""
    fields = sound()
    for spoil in spoils:
        spoil(fields)
    return Inventory(**fields)


def texts(found: list[Finding]) -> list[str]:
    """Return the findings as a person reads them."""
    return [str(finding) for finding in found]
