# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

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


@pytest.mark.parametrize(("total", "expected"), [(1024, 256), (4096, 409), (65536, 2048)])
def test_the_system_keeps_its_part(total: int, expected: int) -> None:
    assert sizing.system_memory_mb(total) == expected


@pytest.mark.parametrize(
    ("rest", "services", "given", "expected"),
    [
        (3000, ["patroni"], {}, {"patroni": 3000}),
        (3000, ["odoo", "patroni", "redis"], {}, {"odoo": 1500, "patroni": 1350, "redis": 150}),
        # What is given counts as it is; the others share the rest.
        (3000, ["odoo", "patroni", "redis"], {"patroni": 800}, {"odoo": 2000, "patroni": 800, "redis": 200}),
        (3000, ["patroni"], {"patroni": 100}, {"patroni": 100}),
        # Sessions are small, however large the host.
        (60000, ["redis"], {}, {"redis": 2048}),
        # Where there is nothing left, the least is what the sum is refused by.
        (-500, ["odoo", "patroni", "redis"], {}, {"odoo": 0, "patroni": 256, "redis": 96}),
        (100, [], {}, {}),
    ],
)
def test_memory_is_shared_among_what_grows_with_it(
    rest: int, services: list[str], given: dict[str, int], expected: dict[str, int]
) -> None:
    assert sizing.elastic_shares(rest, services, given) == expected


@pytest.mark.parametrize(
    ("process", "workers", "expected"), [("web", 2, 530), ("web", 12, 2030), ("cron", 1, 180), ("jobs", 1, 260)]
)
def test_what_a_container_of_odoo_takes(process: str, workers: int, expected: int) -> None:
    assert sizing.odoo_average_mb(process, workers) == expected


@pytest.mark.parametrize(
    ("share", "averages", "hard", "expected"),
    [
        (3000, [530, 180, 260], 2560, 676),
        # No more than one worker takes until its own limit ends it.
        (30000, [530, 180, 260], 2560, 2360),
        (30000, [530, 180, 260], 1536, 1336),
        (1000, [530, 180, 260], 2560, 256),
        (-1000, [], 2560, 256),
    ],
)
def test_the_room_above_the_average(share: int, averages: list[int], hard: int, expected: int) -> None:
    assert sizing.odoo_headroom_mb(share, averages, hard) == expected


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
    ("counts", "bound"),
    [((2, 1, 1, 8, 16), 56), ((1, 1, 1, 8, 16), 48), ((4, 2, 4, 8, 16), 104), ((5, 2, 3, 10, 20), 130)],
)
def test_the_connections_of_an_instance_on_a_node(counts: tuple[int, int, int, int, int], bound: int) -> None:
    assert sizing.odoo_connections(*counts) == bound


@pytest.mark.parametrize(("bound", "connections"), [(0, 50), (56, 70), (112, 130), (208, 230)])
def test_a_budget_that_is_sized_fits(bound: int, connections: int) -> None:
    assert sizing.max_connections(bound) == connections
    assert sizing.connection_objections(bound, connections) == []


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


@pytest.mark.parametrize(("memory", "expected"), [(64, 40265318), (96, 60397977), (512, 322122547), (2048, 1288490188)])
def test_redis_keeps_room_beside_its_data(memory: int, expected: int) -> None:
    assert sizing.redis_maxmemory(memory) == expected
