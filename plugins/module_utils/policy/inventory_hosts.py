# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges hosts and groups of an inventory: how many members, which addresses."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_model import (
    ESTATE_GROUP,
    SERVICE_GROUPS,
    Finding,
    Inventory,
    listed,
    shared_by,
)
from ansible_collections.erpops.estate.plugins.module_utils.policy.planes import ADDRESSES

# A majority decides in these, so an even member adds a risk and no safety.
MAJORITIES = {"etcd": "etcd members", "redis": "Sentinels"}
PAIRS = {"patroni": "PostgreSQL members", "odoo": "application nodes", "edge": "edges"}
NEEDS = {"patroni": ("etcd",), "odoo": ("patroni", "redis"), "edge": ("odoo",)}
# What one estate has only one answer to.
ESTATE_WIDE = (
    "estate_name",
    "estate_environment",
    "estate_drills_allowed",
    "estate_governance",
    "estate_domain",
    "estate_virtual_ip",
    "estate_image_registry",
    "estate_high_availability",
    "estate_instances",
)
WAY_OUT = "or set estate_high_availability: false where the loss of one host may stop the estate"


def group_findings(inventory: Inventory) -> Iterator[Finding]:
    """Find groups with the wrong number of members, and hosts and groups that are missing."""
    if not any(inventory.members(group) for group in SERVICE_GROUPS):
        yield Finding(
            "inventory",
            "groups",
            f"no host is in any of the groups {listed(SERVICE_GROUPS)}",
            "Put each host into the groups of the services it shall run",
        )
    inside = set(inventory.members(ESTATE_GROUP))
    for group in SERVICE_GROUPS:
        outside = [host for host in inventory.members(group) if host not in inside]
        if outside:
            yield Finding(
                f"group {group}",
                "children of group estate",
                f"{listed(outside)} belongs to {group} but not to the group estate",
                f"Make {group} a child of the group estate",
            )
    for group, needed in NEEDS.items():
        for other in needed:
            if inventory.members(group) and not inventory.members(other):
                yield Finding(
                    f"group {other}",
                    "hosts",
                    f"{group} has hosts and {other}, which it needs, has none",
                    f"Add hosts to the group {other}",
                )


def member_findings(inventory: Inventory, group: str) -> Iterator[Finding]:
    """Find a number of members with which the group cannot do what it is for."""
    count = len(inventory.members(group))
    if group in MAJORITIES and count:
        yield from _majority(group, count, 3 if inventory.highly_available() else 1)
    if group == "redis":
        yield from _quorum(inventory)
    if group == "object_storage" and count > 1:
        first, *others = inventory.members(group)
        yield Finding(
            f"group {group}",
            "hosts",
            f"everything is written to {first} alone, and {listed(others)} would stay empty",
            "Keep one host; for more use an S3 service of your own (backup_s3_address, odoo_s3_endpoint)",
        )
    if group in PAIRS and count == 1 and inventory.highly_available():
        yield Finding(
            f"group {group}",
            "hosts",
            f"there is one host where high availability asks for at least two {PAIRS[group]}",
            f"Add a host to the group {group}, {WAY_OUT}",
        )


def _majority(group: str, count: int, least: int) -> Iterator[Finding]:
    what = MAJORITIES[group]
    if count < least:
        remedy = f"Add hosts until there are {least}, {WAY_OUT}"
        yield Finding(f"group {group}", "hosts", f"{count} {what} cannot lose one and keep a majority", remedy)
    elif count % 2 == 0:
        problem = f"{count} {what} is an even number: they survive no more losses than {count - 1} would"
        yield Finding(f"group {group}", "hosts", problem, f"Use {count - 1 or 1} or {count + 1}")


def _quorum(inventory: Inventory) -> Iterator[Finding]:
    sentinels = len(inventory.members("redis"))
    for host, quorum in inventory.values("redis_sentinel_quorum", inventory.members("redis")):
        if isinstance(quorum, int) and not 1 <= quorum <= sentinels:
            yield Finding(
                inventory.where("redis_sentinel_quorum", "group redis"),
                "redis_sentinel_quorum",
                f"{quorum} of {sentinels} Sentinels can never agree (seen on {host})",
                f"Set a number between 1 and {sentinels}; {sentinels // 2 + 1} is usual",
            )
            return


def address_findings(inventory: Inventory) -> Iterator[Finding]:
    """Find addresses that two hosts share and a virtual IP that cannot be one."""
    told: set[tuple[str, ...]] = set()
    for variable in ADDRESSES:
        pairs = [(host, str(value)) for host, value in inventory.values(variable)]
        for address, hosts in shared_by(pairs):
            # The other planes follow estate_address by default: say it once.
            if (address, *hosts) in told:
                continue
            told.add((address, *hosts))
            yield Finding(
                inventory.where(variable, inventory.where("ansible_host", f"hosts {listed(hosts)}")),
                variable,
                f"{listed(hosts)} have the same address {address}",
                "Give each host its own address",
            )
    yield from _virtual_ip(inventory)


def _virtual_ip(inventory: Inventory) -> Iterator[Finding]:
    virtual_ip = inventory.shared("estate_virtual_ip", "")
    if virtual_ip in ("", None):
        return
    where = inventory.where("estate_virtual_ip")
    try:
        wanted = ipaddress.ip_address(str(virtual_ip))
    except ValueError:
        problem = f"{virtual_ip!r} is not an IP address"
        yield Finding(where, "estate_virtual_ip", problem, "Write one address without a prefix length")
        return
    if wanted.version != 4:
        yield Finding(where, "estate_virtual_ip", f"{virtual_ip} is IPv6", "Write an IPv4 address: edges move no other")
    owners = {
        host
        for variable in ADDRESSES
        for host, value in inventory.values(variable)
        if _is_address(str(value)) and ipaddress.ip_address(str(value)) == wanted
    }
    if owners:
        yield Finding(
            where,
            "estate_virtual_ip",
            f"{virtual_ip} is the address of {listed(sorted(owners))}",
            "Choose an address of the edge network that no host has",
        )
    if not inventory.members("edge"):
        yield Finding(
            "group edge", "hosts", "estate_virtual_ip is set and no edge can carry it", "Add hosts to the group edge"
        )


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def agreement_findings(inventory: Inventory) -> Iterator[Finding]:
    """Find hosts that disagree about what the whole estate has in common."""
    for variable in ESTATE_WIDE:
        answers: dict[str, list[str]] = {}
        for host, value in inventory.values(variable):
            answers.setdefault(repr(value), []).append(host)
        if len(answers) > 1:
            parties = "; ".join(listed(hosts) for hosts in answers.values())
            yield Finding(
                inventory.where(variable),
                variable,
                f"the hosts of the estate do not have the same value ({parties})",
                "Set it once, in group_vars of the group all or estate",
            )
