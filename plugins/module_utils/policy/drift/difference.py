# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A difference between what is declared and what runs: what it is, whose it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# Every kind of difference, and the role that owns what differs where the difference itself does not say. What no role
# has made is of the role estate: whoever keeps the hosts answers for it.
OWNERS: Mapping[str, str] = {
    "bucket": "object_storage",
    "certificate": "certificates",
    "container": "estate",
    "engine": "docker_engine",
    "file": "estate",
    "firewall": "estate",
    "image": "estate",
    "odoo_database": "odoo",
    "odoo_module": "odoo",
    "odoo_parameter": "odoo",
    "package": "estate",
    "patroni": "patroni",
    "postgresql": "patroni",
    "redis": "redis_sentinel",
    "router": "traefik",
    "sentinel": "redis_sentinel",
    "unit": "estate",
    "user": "estate",
}
KINDS = tuple(OWNERS)
# What could not be compared. No waiver covers it: nobody knows what it would cover.
UNTOLD = "untold"
# In place of a host, where what differs is a cluster's or an instance's.
ESTATE = "estate"
# The roles by the services they run; what begins with odoo_ is an instance's.
ROLES: Mapping[str, str] = {
    "etcd": "etcd",
    "image_registry": "image_registry",
    "keepalived": "virtual_ip",
    "object_storage": "object_storage",
    "patroni": "patroni",
    "redis": "redis_sentinel",
    "sentinel": "redis_sentinel",
    "traefik": "traefik",
}


@dataclass(frozen=True)
class Difference:
    """One thing that is not as declared. ``role`` owns it, ``instance`` is the one of Odoo it belongs to, if any."""

    kind: str
    host: str
    object: str
    expected: str
    found: str
    role: str = ""
    instance: str = ""

    @property
    def owner(self) -> str:
        """Return the role that owns what differs."""
        return self.role or OWNERS.get(self.kind, ESTATE)

    def __str__(self) -> str:
        return f"{self.kind} {self.object}: expected {self.expected}, found {self.found}"


def role_of(service: str) -> str:
    """Return the role that runs a service."""
    return "odoo" if service.startswith("odoo_") else ROLES.get(service, ESTATE)


def instance_of(service: str) -> str:
    """Return the instance of Odoo that a service belongs to; nothing for any other."""
    return service.removeprefix("odoo_").rpartition("_")[0] if service.startswith("odoo_") else ""
