# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which services a host is to have, from its groups alone: what was never made leaves no record that could be asked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from ansible_collections.erpops.estate.plugins.module_utils.policy.host_sizes import container
from ansible_collections.erpops.estate.plugins.module_utils.policy.instances import PROCESSES

# By group, the services each of its hosts runs; Odoo's follow from the instances.
SERVICES: Mapping[str, tuple[str, ...]] = {
    "etcd": ("etcd",),
    "patroni": ("patroni",),
    "redis": ("redis", "sentinel"),
    "edge": ("traefik",),
    "object_storage": ("object_storage",),
    "image_registry": ("image_registry",),
}
# The entry of estate_images that a kind of service runs.
IMAGES = {
    "etcd": "etcd",
    "image_registry": "image_registry",
    "object_storage": "object_storage",
    "odoo": "odoo",
    "patroni": "postgresql",
    "redis": "redis",
    "sentinel": "redis",
    "traefik": "traefik",
}
# Those of them that a role takes from a variable of its own, ``NAME_image``, and else from there; a group is called so.
OWN_IMAGES = ("image_registry", "object_storage", "odoo")
# The unit beside Traefik wherever users dial an address that moves.
ADDRESS = "keepalived"


def declared(groups: Collection[str], instances: Iterable[str], virtual_ip: str) -> dict[str, str]:
    """Return the services that a host of these groups is to have, each with the kind of its health predicate."""
    found = {name: name for group, names in SERVICES.items() if group in groups for name in names}
    if "edge" in groups and virtual_ip:
        found[ADDRESS] = ADDRESS
    if "odoo" in groups:
        found.update({container(instance, process): "odoo" for instance in instances for process in PROCESSES})
    return found


def nobody_made(service: str) -> str:
    """Return the sentence about a service that a host is to have and has no record of."""
    return f"{service}: expected it on this host, found that it was never made; run its role"
