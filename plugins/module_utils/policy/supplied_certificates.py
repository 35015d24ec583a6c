# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges the certificates that an inventory supplies, before any host is touched."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy.certificates import covers
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_model import Finding, Inventory, listed

VARIABLE = "certificates_supplied"
# Users verify the edge; everything else is verified by other services of the estate.
FOR_USERS = "edge"
# What a host shows to etcd whose services show it nothing.
FOR_HOSTS, WITHOUT = "estate", ("etcd", "patroni")
# The group whose hosts present it, and whether its service presents it as a client too.
PURPOSES: dict[str, tuple[str, bool]] = {
    "etcd": ("etcd", True),
    "patroni": ("patroni", True),
    "postgresql": ("patroni", False),
    "redis": ("redis", True),
    "edge": ("edge", False),
    "object_storage": ("object_storage", False),
    "image_registry": ("image_registry", False),
    FOR_HOSTS: ("estate", True),
}


@dataclass(frozen=True)
class Supplied:
    """What a supplied certificate says of itself.

    ``fault`` says why certificate or key could not be read, ``gap`` which certificate of the chain was not signed by
    the next one. ``trusted`` is whether the chain ends at a CA that the estate trusts.
    """

    fault: str = ""
    names: frozenset[str] = frozenset()
    client: bool = False
    not_before: datetime | None = None
    not_after: datetime | None = None
    key_fits: bool = True
    gap: str = ""
    trusted: bool = False


# Reads a certificate with its chain, its key ("" where it is on the hosts already) and the estate's CAs.
Read = Callable[[str, str, str], Supplied]


def supplied_findings(inventory: Inventory, authorities: str, read: Read, now: datetime) -> Iterator[Finding]:
    """Find supplied certificates that would not serve; ``authorities`` are the CAs the estate trusts, in PEM."""
    told: set[Finding] = set()
    for purpose, (group, client) in PURPOSES.items():
        for host, value in inventory.values(VARIABLE, _hosts(inventory, purpose, group)):
            entry = value.get(purpose) if isinstance(value, Mapping) else None
            if not isinstance(entry, Mapping):
                continue
            supplied = read(str(entry.get("certificate") or ""), str(entry.get("private_key") or ""), authorities)
            needed = _names(inventory, host, purpose)
            for problem, remedy in objections(supplied, needed, now, client=client, inside=purpose != FOR_USERS):
                finding = Finding(inventory.where(VARIABLE), f"{VARIABLE}.{purpose}", problem, remedy)
                if finding not in told:
                    told.add(finding)
                    yield finding


def objections(
    supplied: Supplied, needed: list[str], now: datetime, *, client: bool, inside: bool
) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a supplied certificate and what to do; ``inside`` says that services verify it."""
    if supplied.fault:
        yield supplied.fault, "Give the certificate and its private key in PEM, the key without a passphrase"
        return
    if not supplied.key_fits:
        yield "the certificate does not belong to the private key", "Give the key it was requested with"
    if supplied.gap:
        remedy = "Let each certificate be followed by the one that signed it, without the root"
        yield f"the chain is broken: {supplied.gap}", remedy
    if supplied.not_after is not None and supplied.not_after <= now:
        yield f"it expired on {supplied.not_after.date().isoformat()}", "Have it renewed"
    if supplied.not_before is not None and supplied.not_before > now:
        yield f"it is not valid before {supplied.not_before.date().isoformat()}", "Supply it when it is"
    missing = [name for name in needed if not covers(supplied.names, name)]
    if missing:
        carried = listed(sorted(supplied.names)) or "no name"
        yield f"it does not carry {listed(missing)}, only {carried}", "Have one issued that carries all of them"
    if client and not supplied.client:
        remedy = "Have one issued with both usages, serverAuth and clientAuth"
        yield "its service presents it as a client too, and it does not serve as a client's", remedy
    if inside and not supplied.trusted:
        remedy = (
            "Put that CA's certificate as NAME.crt into certificates_authority_dir, name it last in "
            "certificates_authorities, run site.yml, then supply the certificate"
        )
        yield "the services of the estate do not trust the CA that signed it", remedy


def _hosts(inventory: Inventory, purpose: str, group: str) -> list[str]:
    """Return the hosts that present it."""
    others = {host for name in WITHOUT for host in inventory.members(name)} if purpose == FOR_HOSTS else set()
    return [host for host in inventory.members(group) if host not in others]


def _names(inventory: Inventory, host: str, purpose: str) -> list[str]:
    """Return the names by which clients dial: host names of the instances, or the host's address."""
    if purpose == FOR_USERS:
        instances = inventory.shared("estate_instances", [])
        found = [name for entry in instances if isinstance(entry, Mapping) for name in entry.get("host_names") or []]
    else:
        variables: Mapping[str, Any] = inventory.hosts.get(host, {})
        found = [variables.get("estate_data_address") or variables.get("estate_address") or host]
    extra = inventory.shared("certificates_extra_names", {})
    more = extra.get(purpose) if isinstance(extra, Mapping) else None
    return list(dict.fromkeys(str(name) for name in [*found, *(more or [])]))
