# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much memory, how many processes and connections each service gets: arithmetic with its sources.

Memory is in MiB. What is shared out is never more than what the host really has: the smallest of the
memory that the kernel reports, the limit of the control group the host lives in, and the bound that the
inventory gives.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# What a service needs whatever the host's size. etcd: its hardware guide asks for little where the
# database is small, ours holds a few kilobytes of Patroni. Edge: Traefik and keepalived.
FIXED_MB: Mapping[str, int] = {"etcd": 192, "edge": 160, "object_storage": 512, "image_registry": 96}

# How the rest is shared among the services that grow with what they are given. An ERP lives from its
# database's cache as much as from its workers; sessions are small.
SHARES: Mapping[str, int] = {"patroni": 45, "odoo": 50, "redis": 5}

# Processes of one Odoo instance on one node beside its HTTP workers, and the connections each may hold
# (db_maxconn is per process; at most three were seen in use by one request).
ODOO_DB_MAXCONN = 8
ODOO_DB_MAXCONN_GEVENT = 16

# Odoo's deployment guide: a worker serves about six users, at most cpus * 2 + 1 workers; one worker in
# five is busy with heavy requests of about 1 GB, the others stay near 150 MB.
ODOO_WORKER_LIGHT_MB = 150
ODOO_WORKER_HEAVY_MB = 1024
ODOO_HEAVY_RATIO = 0.2

# Connections that are nobody's request: superuser_reserved_connections (3), Patroni and its REST API
# (3 pooled), pgBackRest and an operator's psql (2), monitoring (2), maintenance such as dumps (4).
OTHER_CONNECTIONS = 14


@dataclass(frozen=True)
class DatabaseSettings:
    """Parameters of PostgreSQL by how they travel: per host in its file, or for the whole cluster."""

    host: Mapping[str, str]
    cluster: Mapping[str, Any]


def usable_memory_mb(*limits: float | None) -> int:
    """Return the smallest limit that is set; absent, zero and negative ones are no limit."""
    given = [int(limit) for limit in limits if limit is not None and limit > 0]
    if not given:
        raise ValueError("no memory limit is known: give the memory the kernel reports, or a bound")
    return min(given)


def system_memory_mb(total_mb: int) -> int:
    """Return what the operating system and the container engine keep: a tenth, 256 at least, 2048 at most."""
    return max(256, min(2048, total_mb // 10))


def memory_shares(total_mb: int, services: Collection[str]) -> dict[str, int]:
    """Return each co-located service's share of a host's memory.

    Fixed needs come first, the rest is divided among the elastic services that are present by
    :data:`SHARES`. Unknown services get nothing: a host's other groups are no services.
    """
    shares = {name: FIXED_MB[name] for name in sorted(services) if name in FIXED_MB}
    rest = max(0, total_mb - system_memory_mb(total_mb) - sum(shares.values()))
    elastic = {name: SHARES[name] for name in sorted(services) if name in SHARES}
    for name, weight in elastic.items():
        shares[name] = rest * weight // sum(elastic.values())
    return shares


def odoo_workers(cpus: int, memory_mb: int, instances: int = 1) -> int:
    """Return how many HTTP workers one instance gets on one node.

    ``cpus * 2 + 1`` at most (Odoo's deployment guide), divided among the instances; what the memory
    carries when one worker in five is heavy; two at least, since one worker that waits for another
    service's callback into the same instance would wait for itself.
    """
    by_cpu = (cpus * 2 + 1) // max(1, instances)
    average = ODOO_WORKER_HEAVY_MB * ODOO_HEAVY_RATIO + ODOO_WORKER_LIGHT_MB * (1 - ODOO_HEAVY_RATIO)
    by_memory = int(memory_mb / max(1, instances) / average)
    return max(2, min(by_cpu, by_memory))


def odoo_connection_bound(
    instances: Sequence[Mapping[str, Any]],
    nodes: int,
    *,
    workers: int = 2,
    cron_threads: int = 1,
    job_workers: int = 1,
    db_maxconn: int = ODOO_DB_MAXCONN,
    db_maxconn_gevent: int = ODOO_DB_MAXCONN_GEVENT,
) -> int:
    """Return how many connections all instances may open on all nodes at the same time.

    Each process has a pool of its own, so the bound is the number of processes times ``db_maxconn``:
    of one instance on one node ``workers`` for HTTP and one gevent process, ``cron_threads`` in the cron
    container and ``job_workers`` plus the runner in the jobs container. The keyword arguments count for
    an instance that does not say itself.
    """
    per_node = 0
    for instance in instances:
        web = int(instance.get("workers") or workers)
        cron = int(instance.get("cron_threads") or cron_threads)
        jobs = int(instance.get("job_workers") or job_workers) + 1
        per_node += (web + cron + jobs) * db_maxconn + db_maxconn_gevent
    return nodes * per_node


def max_connections(bound: int) -> int:
    """Return ``max_connections`` for a bound of clients: with the others' on top, rounded up to tens, 50 at least."""
    needed = bound + OTHER_CONNECTIONS
    return max(50, -(-needed // 10) * 10)


def connection_objections(bound: int, given: int) -> list[str]:
    """Return why ``given`` connections do not carry the bound, or nothing."""
    needed = bound + OTHER_CONNECTIONS
    if given >= needed:
        return []
    objection = (
        f"max_connections: expected at least {needed} ({bound} for Odoo's processes and {OTHER_CONNECTIONS} for "
        f"Patroni, backups, monitoring and maintenance), found {given}; raise it, or lower workers or db_maxconn"
    )
    return [objection]


def postgresql_settings(memory_mb: int, cpus: int, connections: int) -> DatabaseSettings:
    """Return PostgreSQL's sizes for its share of a host.

    Sources: PostgreSQL 17 documentation, "Resource Consumption" (shared_buffers a quarter of memory;
    maintenance_work_mem may be much larger than work_mem, autovacuum takes it once per worker),
    "Write Ahead Log" and "WAL Configuration" (checkpoints spread over time, max_wal_size large enough
    that time and not volume triggers them), and the formulas of PGTune (work_mem, OLTP profile).

    ``work_mem`` gives half of what shared_buffers leaves to a third of all connections, sorting at the
    same time; bounded to 4..64 MB. ``max_connections`` and worker limits must be the
    same on all members (a replica refuses to start with less than the leader), so they are the
    cluster's; memory is each host's own.
    """
    if memory_mb < 256:
        raise ValueError(
            f"PostgreSQL: expected a share of at least 256 MiB of this host's memory, found {memory_mb}; "
            "raise estate_host_memory_mb or move services to other hosts"
        )
    shared_buffers = max(64, memory_mb // 4)
    work_mem = min(64, max(4, (memory_mb - shared_buffers) * 3 // max(1, connections * 2)))
    maintenance = min(1024, max(32, memory_mb // 16))
    host = {
        "shared_buffers": f"{shared_buffers}MB",
        "effective_cache_size": f"{memory_mb * 3 // 4}MB",
        "work_mem": f"{work_mem}MB",
        "maintenance_work_mem": f"{maintenance}MB",
        "autovacuum_work_mem": f"{max(32, maintenance // 2)}MB",
    }
    workers = max(8, cpus)
    cluster: dict[str, Any] = {
        "max_connections": connections,
        "max_worker_processes": workers,
        "max_parallel_workers": min(workers, max(2, cpus)),
        "max_parallel_workers_per_gather": min(4, max(1, cpus // 2)),
        "max_parallel_maintenance_workers": min(4, max(1, cpus // 2)),
        "autovacuum_max_workers": min(6, max(3, cpus // 4)),
    }
    return DatabaseSettings(host=host, cluster=cluster)


def wal_settings(disk_mb: int) -> dict[str, str]:
    """Return the WAL sizes for a volume of ``disk_mb``.

    Between two checkpoints WAL may fill a tenth of the volume (``max_wal_size``, 512 MB to 16 GB), a
    replica that was away finds as much again (``wal_keep_size`` half of it), and a slot of a replica that
    never returns cannot fill the volume (``max_slot_wal_keep_size`` twice that). So WAL stays well below
    half of the volume whatever replicas do; only archiving that fails for long can exceed it.
    """
    max_wal = min(16384, max(512, disk_mb // 10))
    return {
        "max_wal_size": f"{max_wal}MB",
        "min_wal_size": f"{max(80, max_wal // 8)}MB",
        "wal_keep_size": f"{max_wal // 2}MB",
        "max_slot_wal_keep_size": f"{max_wal * 2}MB",
    }


def shared_memory_mb(memory_mb: int) -> int:
    """Return the size of ``/dev/shm`` for parallel queries: a quarter of the share, 64 at least, 4096 at most."""
    return max(64, min(4096, memory_mb // 4))
