# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges what only the hosts can tell, before anything on them is changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_model import (
    SERVICE_GROUPS,
    Finding,
    Inventory,
    listed,
)
from ansible_collections.erpops.estate.plugins.module_utils.policy.sizing import (
    ODOO_DB_MAXCONN,
    ODOO_DB_MAXCONN_GEVENT,
    connection_objections,
    memory_shares,
    odoo_connection_bound,
    usable_memory_mb,
)
from ansible_collections.erpops.estate.plugins.module_utils.policy.survey import Survey

SYSTEMS = {"debian": ("12", "13")}
LARGEST_CLOCK_DIFFERENCE = 1.0
# What a host keeps free whatever happens, and what a host needs on which nothing of the estate stands yet:
# its images alone unpack to about 4 GiB.
DISK_FREE_MB = 1024
DISK_FREE_NEW_MB = 8192
# The least share of memory with which a service is of any use: PostgreSQL refuses to be sized below, Odoo
# needs its web, cron and jobs containers (about 700 MiB for an ordinary set of modules), Redis its buffers.
LEAST_MB = {"patroni": 256, "odoo": 700, "redis": 64}


@dataclass(frozen=True)
class Port:
    """A port a service of the estate will listen on: the variable that moves it, and its usual number."""

    service: str
    variable: str
    number: int


PORTS: dict[str, tuple[Port, ...]] = {
    "etcd": (Port("etcd", "etcd_client_port", 2379), Port("etcd", "etcd_peer_port", 2380)),
    "patroni": (Port("patroni", "patroni_postgresql_port", 5432), Port("patroni", "patroni_rest_port", 8008)),
    "redis": (
        Port("redis", "redis_sentinel_port", 6379),
        Port("sentinel", "redis_sentinel_sentinel_port", 26379),
    ),
    "edge": (
        Port("traefik", "traefik_http_port", 80),
        Port("traefik", "traefik_https_port", 443),
        Port("traefik", "traefik_management_port", 8082),
    ),
    "object_storage": (Port("object_storage", "object_storage_port", 8333),),
    "image_registry": (Port("image_registry", "image_registry_port", 5000),),
}


def preflight_findings(inventory: Inventory, surveys: Mapping[str, Survey]) -> list[Finding]:
    """Return everything that stands in the way on these hosts, and between them."""
    found = list(_clocks(surveys))
    for host, survey in surveys.items():
        found.extend(_system(host, survey))
        found.extend(_memory(inventory, host, survey))
        found.extend(_disk(host, survey))
        found.extend(_ports(inventory, host, survey))
    found.extend(_connections(inventory))
    return found


def _clocks(surveys: Mapping[str, Survey]) -> Iterator[Finding]:
    # The controller counts too: the certificates it issues begin at its own time.
    parties = {"the controller": (0.0, 0.0)}
    parties.update({host: (survey.clock_offset, survey.clock_doubt) for host, survey in surveys.items()})
    early = min(parties, key=lambda name: sum(parties[name]))
    late = max(parties, key=lambda name: parties[name][0] - parties[name][1])
    apart = (parties[late][0] - parties[late][1]) - sum(parties[early])
    if apart > LARGEST_CLOCK_DIFFERENCE:
        yield Finding(
            "hosts",
            f"clock of {late}",
            f"it is at least {apart:.1f} s ahead of that of {early}; leases and certificates need them within "
            f"{LARGEST_CLOCK_DIFFERENCE:.0f} s",
            "Have a time service set the clocks of all hosts and of the controller",
        )


def _system(host: str, survey: Survey) -> Iterator[Finding]:
    if survey.version not in SYSTEMS.get(survey.system, ()):
        found = f"it runs {survey.system} {survey.version}".rstrip()
        yield Finding(f"host {host}", "operating system", found, "Install Debian 12 or 13 on it")


def _memory(inventory: Inventory, host: str, survey: Survey) -> Iterator[Finding]:
    bound = inventory.hosts.get(host, {}).get("estate_host_memory_mb") or 0
    total = usable_memory_mb(survey.memory_mb, bound if isinstance(bound, int) else 0)
    groups = [group for group in SERVICE_GROUPS if host in inventory.members(group)]
    for service, share in memory_shares(total, groups).items():
        if share < LEAST_MB.get(service, 0):
            yield Finding(
                f"host {host}",
                "memory",
                f"{service} would get {share} MiB of {total} and needs {LEAST_MB[service]} at least, "
                f"beside {listed(group for group in groups if group != service) or 'nothing'}",
                "Give the host more memory (and estate_host_memory_mb, where it is set), or move services away",
            )
    limits = _instance_limits(inventory) if "odoo" in groups else 0
    if limits > total:
        yield Finding(
            inventory.where("estate_instances"),
            "estate_instances.memory_mb",
            f"the containers of all instances may take {limits} MiB and {host} has {total}",
            "Lower the limits, or give the host more memory",
        )


def _instance_limits(inventory: Inventory) -> int:
    instances = inventory.shared("estate_instances", [])
    limits = [item.get("memory_mb") for item in instances if isinstance(item, Mapping)]
    return sum(
        value for limit in limits if isinstance(limit, Mapping) for value in limit.values() if isinstance(value, int)
    )


def _disk(host: str, survey: Survey) -> Iterator[Finding]:
    needed = DISK_FREE_MB if survey.present else DISK_FREE_NEW_MB
    if survey.disk_free_mb < needed:
        yield Finding(
            f"host {host}",
            "disk",
            f"{survey.disk_free_mb} MiB are free below /var/lib and {needed} are needed",
            "Free some, or give /var/lib a larger volume",
        )


def _ports(inventory: Inventory, host: str, survey: Survey) -> Iterator[Finding]:
    taken: dict[int, list[str]] = {}
    for address, port in survey.listening:
        taken.setdefault(port, []).append(address)
    for service, variable, port in _wanted(inventory, host):
        ours = any(name == service or name.startswith(f"{service}-") for name in survey.present)
        if port in taken and not ours:
            yield Finding(
                f"host {host}",
                variable,
                f"something that is not the estate's {service} listens on port {port} ({listed(taken[port])})",
                f"Stop it (ss -ltnp 'sport = :{port}' on the host says what it is), or choose another port",
            )


def _wanted(inventory: Inventory, host: str) -> Iterator[tuple[str, str, int]]:
    variables = inventory.hosts.get(host, {})
    for group, ports in PORTS.items():
        for port in ports if host in inventory.members(group) else ():
            number = variables.get(port.variable, port.number)
            if isinstance(number, int):
                yield port.service, port.variable, number
    if host in inventory.members("odoo"):
        for item in inventory.shared("estate_instances", []):
            yield from _instance_ports(item)


def _instance_ports(item: Any) -> Iterator[tuple[str, str, int]]:
    if not isinstance(item, Mapping):
        return
    for key, usual in (("http_port", 8069), ("gevent_port", 8072)):
        number = item.get(key) or usual
        if isinstance(number, int):
            yield "odoo", f"estate_instances.{item.get('name')}.{key}", number


def _connections(inventory: Inventory) -> Iterator[Finding]:
    variable = "patroni_max_connections"
    instances = inventory.shared("estate_instances", [])
    given = next((value for _host, value in inventory.values(variable, inventory.members("patroni"))), None)
    if not isinstance(given, int) or given <= 0 or not isinstance(instances, list):
        return
    bound = odoo_connection_bound(
        [item for item in instances if isinstance(item, Mapping)],
        len(inventory.members("odoo")),
        db_maxconn=int(inventory.shared("odoo_db_maxconn") or ODOO_DB_MAXCONN),
        db_maxconn_gevent=int(inventory.shared("odoo_db_maxconn_gevent") or ODOO_DB_MAXCONN_GEVENT),
    )
    for objection in connection_objections(bound, given):
        problem, _semicolon, remedy = objection.partition("; ")
        yield Finding(inventory.where(variable), variable, problem, remedy[:1].upper() + remedy[1:])
