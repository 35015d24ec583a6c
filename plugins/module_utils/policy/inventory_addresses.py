# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges the addresses that services listen on, or that others know them by: a name does for none of them."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterator, Mapping, Sequence

from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_model import Finding, Inventory, listed
from ansible_collections.erpops.estate.plugins.module_utils.policy.planes import sources

# The variables that say each such address, in the order in which they are heard. etcd and the engine bind no name, a
# line of pg_hba.conf with one keeps PostgreSQL from its next start, and Sentinels tell clients the members' addresses.
BOUND: Mapping[str, Sequence[tuple[str, ...]]] = {
    "etcd": [sources("data")],
    "patroni": [sources("data")],
    "redis": [sources("data")],
    "odoo": [sources("application"), sources("data")],
    "edge": [sources("management")],
    "object_storage": [("object_storage_address", *sources("data"))],
    "image_registry": [("image_registry_address", "estate_address", "ansible_host")],
}


def plane_findings(inventory: Inventory, groups: Collection[str]) -> Iterator[Finding]:
    """Find what is no IPv4 address where these groups' services need one, each variable of a host once."""
    needing: dict[tuple[str, str, str], list[str]] = {}
    for group in groups:
        for host in inventory.members(group):
            for variables in _bound(inventory, group):
                found = _found(inventory, host, variables)
                if found and not _is_ipv4(found):
                    owners = needing.setdefault((host, _said_by(inventory, host, variables), found), [])
                    owners.extend([] if group in owners else [group])
    for (host, variable, found), owners in needing.items():
        what = f"{found} is IPv6" if ":" in found else f"{found!r} is a name"
        way = "it, or ansible_host," if host not in inventory.given.get(variable, ()) else "it"
        yield Finding(
            inventory.where(variable, f"host {host}"),
            variable,
            f"{what}, and what {host} has of {listed(owners)} needs an IPv4 address",
            f"Set {way} to the IPv4 address of {host}",
        )


def _bound(inventory: Inventory, group: str) -> Iterator[tuple[str, ...]]:
    yield from BOUND.get(group, ())
    # Edges know one another on this plane by the virtual address alone; with a load balancer a name does.
    if group == "edge" and inventory.shared("estate_virtual_ip"):
        yield sources("edge")


def _found(inventory: Inventory, host: str, variables: Sequence[str]) -> str:
    values = inventory.hosts.get(host, {})
    for name in variables:
        if name in values:
            return str(values[name])
        # It follows from facts, or has a finding of its own.
        if host in inventory.given.get(name, ()):
            return ""
    return host


def _said_by(inventory: Inventory, host: str, variables: Sequence[str]) -> str:
    """Return the variable to mend: a plane that says nothing has the address of the host."""
    return next((name for name in variables if host in inventory.given.get(name, ())), "estate_address")


def _is_ipv4(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True
