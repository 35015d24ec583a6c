# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the containers of a host may take, given or sized: roles set it, the preflight judges it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy import sizing
from ansible_collections.erpops.estate.plugins.module_utils.policy.instances import (
    PROCESSES,
    VARIABLE,
    Instance,
    instances,
)

# By group, the containers whose limit is a variable with a number, and that variable.
FIXED: Mapping[str, Mapping[str, str]] = {
    "etcd": {"etcd": "etcd_memory_mb"},
    "redis": {"sentinel": "redis_sentinel_sentinel_memory_mb"},
    "edge": {"traefik": "traefik_memory_mb"},
    "object_storage": {"object_storage": "object_storage_memory_mb"},
    "image_registry": {"image_registry": "image_registry_memory_mb"},
}
# By group, the variable that gives an elastic service its memory; 0 has it sized. Odoo's stand in its instances.
ELASTIC: Mapping[str, str] = {"patroni": "patroni_memory_mb", "redis": "redis_sentinel_memory_mb", "odoo": ""}

# Why PostgreSQL cannot be sized for a host of unknown(), and what to do.
UNKNOWN_PROBLEM = "it did not say what it has, by which its workers of Odoo are sized, and by these max_connections"
UNKNOWN_REMEDY = (
    "Run this when it answers, or say workers of the instances, or patroni_max_connections (what is in effect says "
    "SHOW max_connections on a member)"
)


@dataclass(frozen=True)
class Host:
    """A host of the estate: its groups, what it has, and its variables with the roles' defaults beneath.

    Memory and processors of a host that was not looked at are 0.
    """

    name: str
    groups: Sequence[str]
    memory_mb: int
    cpus: int
    variables: Mapping[str, Any]

    def number(self, variable: str) -> int:
        """Return a variable that is a number; 0 where it is not set."""
        return int(self.variables.get(variable) or 0)

    def instances(self) -> list[Instance]:
        """Return the instances that run here, as the estate describes them."""
        return instances(self.variables.get(VARIABLE), self.variables) if "odoo" in self.groups else []

    @property
    def sizes_workers(self) -> bool:
        """Whether what this host has decides how many workers run here, since an instance does not say it."""
        return any(not int(instance.workers) for instance in self.instances())


@dataclass(frozen=True)
class Sizes:
    """Limits of memory in MiB by container, and the instances with their workers and limits for this host."""

    limits: Mapping[str, int]
    instances: Sequence[Instance]


def container(instance: str, process: str) -> str:
    """Return the name of the container in which an instance runs a kind of process."""
    return f"odoo_{instance}_{process}"


def sizes(host: Host) -> Sizes:
    """Return what every container of the estate on this host may take."""
    limits = {
        name: host.number(variable)
        for group, containers in FIXED.items()
        if group in host.groups
        for name, variable in containers.items()
    }
    rest = host.memory_mb - sizing.system_memory_mb(host.memory_mb) - sum(limits.values())
    elastic = [group for group in ELASTIC if group in host.groups]
    given = {group: host.number(ELASTIC[group]) for group in elastic if ELASTIC[group] and host.number(ELASTIC[group])}
    odoo = _sized(host, sizing.elastic_shares(rest, elastic, given).get("odoo", 0))
    containers = {
        container(instance.name, process): limit for instance in odoo for process, limit in instance.memory_mb.items()
    }
    # What Odoo's processes need, and where they stop to profit, is known now: the others share what it leaves.
    others = sizing.elastic_shares(rest - sum(containers.values()), [name for name in elastic if name != "odoo"], given)
    return Sizes({**limits, **others, **containers}, odoo)


def _sized(host: Host, share_mb: int) -> list[Instance]:
    found = host.instances()
    found = [
        replace(one, workers=int(one.workers) or sizing.odoo_workers(host.cpus, share_mb, len(found))) for one in found
    ]
    averages = {
        (one.name, process): average
        for one in found
        for process, average in zip(PROCESSES, _averages(one), strict=True)
    }
    given = {(one.name, process): int(one.memory_mb[process]) for one in found for process in PROCESSES}
    unsaid = [average for key, average in averages.items() if not given[key]]
    headroom = sizing.odoo_headroom_mb(share_mb - sum(given.values()), unsaid, host.number("odoo_limit_memory_hard_mb"))
    return [
        replace(
            one, memory_mb={name: given[one.name, name] or averages[one.name, name] + headroom for name in PROCESSES}
        )
        for one in found
    ]


def _averages(instance: Instance) -> list[int]:
    workers = (instance.workers, instance.cron_threads, instance.job_workers)
    return [sizing.odoo_average_mb(process, int(count)) for process, count in zip(PROCESSES, workers, strict=True)]


def least_mb(instance: Instance) -> dict[str, int]:
    """Return the least limit of each container of an instance whose workers are known."""
    least = zip(PROCESSES, _averages(instance), strict=True)
    return {process: average + sizing.ODOO_HEADROOM_LEAST_MB for process, average in least}


def connection_bound(hosts: Iterable[Host]) -> int:
    """Return how many connections all instances may open from these hosts at the same time.

    Hosts without Odoo open none. One of :func:`unknown` counts by the least workers that any host gets.
    """
    return sum(
        sizing.odoo_connections(
            int(instance.workers),
            int(instance.cron_threads),
            int(instance.job_workers),
            host.number("odoo_db_maxconn"),
            host.number("odoo_db_maxconn_gevent"),
        )
        for host in hosts
        for instance in sizes(host).instances
    )


def unknown(hosts: Iterable[Host]) -> list[str]:
    """Return those of which nobody knows how many connections they may open: they decide it, and did not answer."""
    return [host.name for host in hosts if host.sizes_workers and not (host.memory_mb and host.cpus)]


def cluster_processors(members: Iterable[Host]) -> int:
    """Return by how many processors limits are sized that all members of PostgreSQL share.

    They follow the first member; where that does not answer, the first that did. Two where none was looked at.
    """
    return next((member.cpus for member in members if member.cpus), 2)
