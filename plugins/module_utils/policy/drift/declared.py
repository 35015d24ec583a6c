# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an inventory declares beside what the roles compare by themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy.drift.difference import ESTATE
from ansible_collections.erpops.estate.plugins.module_utils.policy.instances import VARIABLE as INSTANCES
from ansible_collections.erpops.estate.plugins.module_utils.policy.instances import instances
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_model import Inventory

# Brings the virtual address to an edge.
KEEPALIVED = "keepalived"


@dataclass(frozen=True)
class Declared:
    """Who and what may be there.

    ``people``, ``keys`` and ``tables`` (of the firewall) are by host, ``packages`` the role by package by host.
    ``members`` names the hosts of Redis by their address, ``modules`` those of each instance, ``owners`` who answers
    for a role.
    """

    environment: str
    people: Mapping[str, Sequence[str]] = field(default_factory=dict)
    keys: Mapping[str, Sequence[str]] = field(default_factory=dict)
    tables: Mapping[str, Sequence[str]] = field(default_factory=dict)
    packages: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    virtual_ip: frozenset[str] = frozenset()
    members: Mapping[str, str] = field(default_factory=dict)
    modules: Mapping[str, Sequence[str]] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)
    renew_before_days: int = 30


def declared(inventory: Inventory) -> Declared:
    """Return what this inventory declares."""
    hosts = inventory.estate_hosts()
    edges = frozenset(inventory.members("edge") if inventory.shared("estate_virtual_ip") else ())
    return Declared(
        environment=inventory.environment(),
        people={host: _names(inventory, host, "estate_administrators") for host in hosts},
        keys={host: _names(inventory, host, "estate_authorized_keys") for host in hosts},
        tables={host: _names(inventory, host, "estate_firewall_tables") for host in hosts},
        packages={
            host: {
                **dict.fromkeys(_names(inventory, host, "estate_host_packages"), ESTATE),
                **dict.fromkeys(_names(inventory, host, "docker_engine_packages"), "docker_engine"),
                **({KEEPALIVED: "virtual_ip"} if host in edges else {}),
            }
            for host in hosts
        },
        virtual_ip=edges,
        members={
            str(address): host for host, address in inventory.values("estate_data_address", inventory.members("redis"))
        },
        modules={one.name: one.modules for one in instances(inventory.shared(INSTANCES, ()))},
        owners={str(role): str(who) for role, who in (inventory.shared("estate_owners") or {}).items()},
        renew_before_days=int(inventory.shared("certificates_renew_before_days", 30)),
    )


def _names(inventory: Inventory, host: str, variable: str) -> list[Any]:
    return [str(name) for name in inventory.hosts.get(host, {}).get(variable) or ()]
