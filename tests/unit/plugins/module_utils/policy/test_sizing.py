# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy import sizing


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ((24105, 4096), 4096),
        ((24105, 0), 24105),
        ((24105, None, 2048), 2048),
        ((24105, -1), 24105),
        ((2000, 9223372036854), 2000),
    ],
)
def test_the_smallest_limit_counts(limits: tuple[float | None, ...], expected: int) -> None:
    assert sizing.usable_memory_mb(*limits) == expected


def test_without_any_limit_nothing_can_be_sized() -> None:
    with pytest.raises(ValueError, match="no memory limit is known"):
        sizing.usable_memory_mb(None, 0)


@pytest.mark.parametrize(
    ("total", "services", "expected"),
    [
        (4096, ["patroni"], {"patroni": 3687}),
        (4096, ["estate", "patroni", "etcd"], {"etcd": 192, "patroni": 3495}),
        (
            4096,
            ["edge", "estate", "etcd", "odoo", "patroni", "redis"],
            {"edge": 160, "etcd": 192, "odoo": 1667, "patroni": 1500, "redis": 166},
        ),
        (
            65536,
            ["edge", "etcd", "odoo", "patroni", "redis"],
            {"edge": 160, "etcd": 192, "odoo": 31568, "patroni": 28411, "redis": 3156},
        ),
        (300, ["etcd", "patroni"], {"etcd": 192, "patroni": 0}),
    ],
)
def test_memory_is_shared_among_what_a_host_carries(total: int, services: list[str], expected: dict[str, int]) -> None:
    shares = sizing.memory_shares(total, services)
    assert shares == expected
    assert sum(shares.values()) <= max(total, 192)


@pytest.mark.parametrize(
    ("cpus", "memory", "instances", "expected"),
    [
        (2, 16384, 1, 5),
        (2, 1024, 1, 3),
        (2, 512, 1, 2),
        (8, 32768, 1, 17),
        (8, 32768, 4, 4),
        (1, 128, 3, 2),
    ],
)
def test_odoo_workers(cpus: int, memory: int, instances: int, expected: int) -> None:
    assert sizing.odoo_workers(cpus, memory, instances) == expected


@pytest.mark.parametrize(
    ("instances", "nodes", "bound", "connections"),
    [
        ([], 2, 0, 50),
        ([{"workers": 2}], 1, 56, 70),
        ([{"workers": 2}, {"workers": 1}], 2, 208, 230),
        ([{}], 2, 112, 130),
        ([{"workers": 4, "cron_threads": 2, "job_workers": 4}], 2, 208, 230),
    ],
)
def test_the_connection_budget(instances: list[dict[str, Any]], nodes: int, bound: int, connections: int) -> None:
    assert sizing.odoo_connection_bound(instances, nodes) == bound
    assert sizing.max_connections(bound) == connections
    assert sizing.connection_objections(bound, connections) == []


def test_an_instance_that_says_nothing_takes_what_the_estate_says() -> None:
    bound = sizing.odoo_connection_bound(
        [{}, {"workers": 2}], 1, workers=5, cron_threads=2, job_workers=3, db_maxconn=10, db_maxconn_gevent=20
    )
    assert bound == (5 + 2 + 4) * 10 + 20 + (2 + 2 + 4) * 10 + 20


def test_a_budget_that_does_not_fit_is_refused_with_its_sum() -> None:
    sentence = (
        "max_connections: expected at least 222 (208 for Odoo's processes and 14 for Patroni, backups, monitoring and "
        "maintenance), found 100; raise it, or lower workers or db_maxconn"
    )
    assert sizing.connection_objections(208, 100) == [sentence]


@pytest.mark.parametrize(
    ("memory", "cpus", "connections", "host", "cluster"),
    [
        (
            1500,
            2,
            230,
            {"shared_buffers": "375MB", "effective_cache_size": "1125MB", "work_mem": "7MB"},
            {"max_connections": 230, "max_worker_processes": 8, "max_parallel_workers_per_gather": 1},
        ),
        (
            65536,
            16,
            200,
            {"shared_buffers": "16384MB", "work_mem": "64MB", "maintenance_work_mem": "1024MB"},
            {"max_worker_processes": 16, "max_parallel_workers_per_gather": 4, "autovacuum_max_workers": 4},
        ),
        (
            256,
            1,
            500,
            {"shared_buffers": "64MB", "work_mem": "4MB", "maintenance_work_mem": "32MB"},
            {"max_parallel_workers": 2, "autovacuum_max_workers": 3},
        ),
    ],
)
def test_postgresql_settings(
    memory: int, cpus: int, connections: int, host: dict[str, str], cluster: dict[str, int]
) -> None:
    settings = sizing.postgresql_settings(memory, cpus, connections)
    assert {name: settings.host[name] for name in host} == host
    assert {name: settings.cluster[name] for name in cluster} == cluster


def test_too_small_a_share_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a share of at least 256 MiB of this host's memory, found 200"):
        sizing.postgresql_settings(200, 2, 100)


@pytest.mark.parametrize(
    ("disk", "max_wal", "keep", "slots"),
    [
        (1000, "512MB", "256MB", "1024MB"),
        (20480, "2048MB", "1024MB", "4096MB"),
        (10**6, "16384MB", "8192MB", "32768MB"),
    ],
)
def test_wal_stays_within_its_volume(disk: int, max_wal: str, keep: str, slots: str) -> None:
    settings = sizing.wal_settings(disk)
    assert settings["max_wal_size"] == max_wal
    assert settings["wal_keep_size"] == keep
    assert settings["max_slot_wal_keep_size"] == slots


@pytest.mark.parametrize(("memory", "expected"), [(100, 64), (1500, 375), (64000, 4096)])
def test_shared_memory(memory: int, expected: int) -> None:
    assert sizing.shared_memory_mb(memory) == expected
