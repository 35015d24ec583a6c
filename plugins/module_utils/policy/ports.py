# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ports of an estate's services: which variable moves each. The usual numbers are the defaults of the roles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy.instances import Instance


@dataclass(frozen=True)
class Port:
    """A port a service listens on. ``variable`` moves it; without one it always has ``number``."""

    service: str
    owner: str
    variable: str = ""
    number: int = 0

    def number_on(self, variables: Mapping[str, Any]) -> int:
        """Return its number on a host with these variables; 0 when they do not tell."""
        number = variables.get(self.variable, self.number)
        return number if isinstance(number, int) else 0


PORTS: Mapping[str, tuple[Port, ...]] = {
    "etcd": (Port("etcd", "etcd", "etcd_client_port"), Port("etcd", "etcd", "etcd_peer_port")),
    "patroni": (
        Port("patroni", "PostgreSQL", "patroni_postgresql_port"),
        Port("patroni", "Patroni", "patroni_rest_port"),
    ),
    "redis": (
        Port("redis", "Redis", "redis_sentinel_port"),
        Port("sentinel", "Sentinel", "redis_sentinel_sentinel_port"),
    ),
    "edge": (
        Port("traefik", "the edge", number=80),
        Port("traefik", "the edge", number=443),
        Port("traefik", "the edge's metrics", "traefik_management_port"),
    ),
    "object_storage": (Port("object_storage", "object storage", "object_storage_port"),),
    "image_registry": (Port("image_registry", "the image registry", "image_registry_port"),),
}


def instance_ports(instance: Instance) -> Iterator[tuple[str, Any]]:
    """Yield the key and the number of each port an instance has on its nodes."""
    yield "http_port", instance.http_port
    yield "gevent_port", instance.gevent_port
