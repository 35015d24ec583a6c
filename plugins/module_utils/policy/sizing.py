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

# How what is left is shared among the services that grow with what they are given. An ERP lives from its
# database's cache as much as from its workers; sessions are small, however large the host.
SHARES: Mapping[str, int] = {"patroni": 45, "odoo": 50, "redis": 5}
# The least with which a service is of any use (PostgreSQL refuses to be sized below, Redis needs its buffers),
# and the most that helps it.
LEAST_MB: Mapping[str, int] = {"patroni": 256, "redis": 96}
MOST_MB: Mapping[str, int] = {"redis": 2048}

# Odoo's deployment guide: a worker serves about six users, at most cpus * 2 + 1 workers; one worker in
# five is busy with heavy requests of about 1 GB, the others stay near 150 MB.
ODOO_WORKER_LIGHT_MB = 150
ODOO_WORKER_HEAVY_MB = 1024
ODOO_HEAVY_RATIO = 0.2
# What a container of Odoo takes beside its workers, from the sums seen for an instance with 68 modules (proportional
# set size): 530 MiB for web with two workers that had served users, 180 for cron and 260 for jobs with one worker.
ODOO_BESIDE_WORKERS_MB: Mapping[str, int] = {"web": 230, "cron": 30, "jobs": 110}
# A worker's limit counts virtual memory. So much of it is mapped and never touched (427 MiB mapped, 207 resident).
ODOO_UNTOUCHED_MB = 200
# The least a container must have above its average: a report is printed by a program of its own, a spreadsheet
# is read into memory. Below, ordinary work would be killed.
ODOO_HEADROOM_LEAST_MB = 256
# wkhtmltopdf maps 1.4 GiB, of which it touches little, and inherits the worker's limit: with less it crashes.
ODOO_LIMIT_LEAST_MB = 1536

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


def elastic_shares(rest_mb: int, services: Collection[str], given: Mapping[str, int]) -> dict[str, int]:
    """Return what each of these services gets of ``rest_mb``: what is given, or its share of what that leaves."""
    free = max(0, rest_mb - sum(given.values()))
    weights = {name: SHARES[name] for name in sorted(services) if name not in given}
    shares = dict(given)
    for name, weight in weights.items():
        share = free * weight // sum(weights.values())
        shares[name] = max(LEAST_MB.get(name, 0), min(MOST_MB.get(name, share), share))
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


def odoo_average_mb(process: str, workers: int) -> int:
    """Return what a container of Odoo takes on average; ``workers`` are its HTTP, cron or job workers."""
    return ODOO_BESIDE_WORKERS_MB[process] + ODOO_WORKER_LIGHT_MB * workers


def odoo_headroom_mb(share_mb: int, averages_mb: Sequence[int], limit_memory_hard_mb: int) -> int:
    """Return what each of these containers may take above its average, out of a share they have together.

    At most one worker at its hard limit: so much lets a request that runs away end by Odoo's own limit while the
    container's other processes go on. Where the share has less the kernel ends the largest process of that
    container, which is the one that runs away; :data:`ODOO_HEADROOM_LEAST_MB` is kept in any case.
    """
    each = (share_mb - sum(averages_mb)) // max(1, len(averages_mb))
    return max(ODOO_HEADROOM_LEAST_MB, min(each, limit_memory_hard_mb - ODOO_UNTOUCHED_MB))


def odoo_connections(workers: int, cron_threads: int, job_workers: int, db_maxconn: int, db_maxconn_gevent: int) -> int:
    """Return how many connections one instance may open from one node at the same time.

    Each process has a pool of its own, so the bound is the number of processes times ``db_maxconn``: ``workers``
    for HTTP and one gevent process, ``cron_threads`` in the cron container and ``job_workers`` plus the runner in
    the jobs container. At most three were seen in use by one request.
    """
    return (workers + cron_threads + job_workers + 1) * db_maxconn + db_maxconn_gevent


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


def redis_maxmemory(memory_mb: int) -> int:
    """Return Redis' ``maxmemory`` in bytes: three fifths of what its container may take.

    The rest is for buffers of clients and replicas, and for what is copied while a snapshot or the append-only file is
    written (Redis documentation, "Redis administration": leave room for copy-on-write).
    """
    return memory_mb * 1048576 * 3 // 5
