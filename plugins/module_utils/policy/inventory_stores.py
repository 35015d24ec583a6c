# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges where backups and attachments go, and for how long they are safe there."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.erpops.estate.plugins.module_utils.policy.backup import (
    Kept,
    go_here,
    lock_days,
    missing_lock_days,
)
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_model import Finding, Inventory, listed
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_rules import archives
from ansible_collections.erpops.estate.plugins.module_utils.policy.planes import service_address

# What says whether there are backups, and where they go.
_PLACE = ("patroni_archive_enabled", "backup_s3_address")


def store_findings(inventory: Inventory, group: str) -> Iterator[Finding]:
    """Find what a group's services write and no store takes, or takes for too short a time."""
    if group == "patroni":
        yield from _backup_place(inventory)
        yield from _archiving_unsaid(inventory)
    if group == "odoo" and _without_place(inventory, "odoo", "odoo_s3_endpoint"):
        remedy = "Give the group object_storage a host, or set odoo_s3_endpoint"
        where = inventory.where("odoo_s3_endpoint", "group odoo")
        yield Finding(where, "odoo_s3_endpoint", "attachments have no place to go to", remedy)
    if group == "object_storage":
        yield from _backup_lock(inventory)


def _without_place(inventory: Inventory, group: str, variable: str) -> list[str]:
    """Return the hosts of a group that neither name a store nor find one in the estate, as the roles' defaults do."""
    if variable in inventory.unresolved or variable in inventory.misfits:
        return []
    own, given = inventory.members("object_storage"), inventory.given.get(variable, ())
    # What is given and has no value here follows from facts.
    return [
        host
        for host in inventory.members(group)
        if host in inventory.hosts and not inventory.hosts[host].get(variable, own or host in given)
    ]


def _backup_place(inventory: Inventory) -> Iterator[Finding]:
    if any(archives(inventory.hosts[host]) for host in _without_place(inventory, "patroni", "backup_s3_address")):
        remedy = "Give the group object_storage a host, or set backup_s3_address"
        where = inventory.where("backup_s3_address", "group patroni")
        yield Finding(where, "backup_s3_address", "backups and WAL have no place to go to", remedy)


def _archiving_unsaid(inventory: Inventory) -> Iterator[Finding]:
    """By default there are backups where the estate has a store: one elsewhere would be named and never written to."""
    switch, place = _PLACE
    if inventory.members("object_storage"):
        return
    said = inventory.given.get(switch, ())
    members = inventory.values(place, inventory.members("patroni"))
    named = [value for host, value in members if value and host not in said]
    if named:
        problem = (
            f"found nothing and {named[0]!r}: without a host in object_storage nothing is archived unless it is said"
        )
        remedy = f"Set {switch}: true to have backups there, or false to have none and leave out {place}"
        yield Finding(inventory.where(place, "group patroni"), listed(_PLACE), problem, remedy)


def _backup_lock(inventory: Inventory) -> Iterator[Finding]:
    """A backup that is kept and no longer locked is there only as long as nobody destroys it."""
    name, *sources = "object_storage_backup_retention_days", "backup_retention_full", "backup_full_calendar"
    given = inventory.setting("object_storage", name)
    fulls, calendar = (inventory.setting("patroni", source) for source in sources)
    doubtful = {*inventory.unresolved, *inventory.misfits} & {name, *sources, *_PLACE}
    if doubtful or None in (given, fulls, calendar):
        return
    kept = Kept(fulls, calendar, here=backed_up_here(inventory))
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


def backed_up_here(inventory: Inventory) -> bool:
    """Return whether backups are made and go into the estate's own object storage."""
    archives_there, address_there = (inventory.setting("patroni", name) for name in _PLACE)
    return go_here(
        archived=bool(inventory.members("patroni")) and archives({"patroni_archive_enabled": archives_there}),
        address=str(address_there or ""),
        own=[
            service_address(inventory.hosts.get(store, {}), store, "data", "object_storage_address")
            for store in inventory.members("object_storage")
        ],
    )
