# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.erpops.estate.plugins.module_utils.policy.host_sizes import (
    Host,
    cluster_processors,
    connection_bound,
    least_mb,
    sizes,
    unknown,
)
from ansible_collections.erpops.estate.plugins.module_utils.policy.sizing import system_memory_mb

from tests.conftest import REPOSITORY
from tests.unit.plugins.module_utils.policy.inventories import variables

ALL = ("etcd", "patroni", "redis", "odoo", "edge")


def host(memory: int, groups: tuple[str, ...] = ALL, cpus: int = 2, **changed: Any) -> Host:
    return Host("n1", groups, memory, cpus, {**variables("n1", "10.0.0.1"), **changed})


@pytest.mark.parametrize(
    ("example", "file", "groups"),
    [
        ("example-dedicated", "estate.yml", ("odoo",)),
        ("example-multi-tenant", "instances.yml", ALL),
    ],
)
def test_the_examples_fit_on_hosts_of_16_gib(example: str, file: str, groups: tuple[str, ...]) -> None:
    path = REPOSITORY / "inventories" / example / "group_vars" / "all" / file
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))["estate_instances"]
    limits = sizes(host(16384, groups, 8, estate_instances=entries)).limits
    assert len(limits) >= 3 * len(entries)
    assert system_memory_mb(16384) + sum(limits.values()) <= 16384


def test_every_container_of_a_host_has_a_limit() -> None:
    odoo = {f"odoo_{name}_{process}" for name in ("north", "south") for process in ("web", "cron", "jobs")}
    assert set(sizes(host(8192)).limits) == {"etcd", "sentinel", "traefik", "patroni", "redis", *odoo}
    store = host(2048, ("object_storage", "image_registry"))
    assert sizes(store).limits == {"object_storage": 1024, "image_registry": 512}


@pytest.mark.parametrize("cpus", [2, 4, 16])
@pytest.mark.parametrize("memory", [6144, 8192, 12000, 16384, 32768, 131072])
def test_what_is_sized_fits(memory: int, cpus: int) -> None:
    assert system_memory_mb(memory) + sum(sizes(host(memory, cpus=cpus)).limits.values()) <= memory


def test_what_is_given_stays() -> None:
    given: dict[str, Any] = {"etcd_memory_mb": 300, "patroni_memory_mb": 1500, "redis_sentinel_memory_mb": 128}
    limits = sizes(host(16384, **given)).limits
    assert (limits["etcd"], limits["patroni"], limits["redis"]) == (300, 1500, 128)


def test_a_limit_of_one_container_of_odoo() -> None:
    entry = {"name": "north", "host_names": ["n.example.com"], "workers": 2, "memory_mb": {"web": 3000}}
    found = sizes(host(8192, ("odoo",), estate_instances=[entry]))
    assert found.limits["odoo_north_web"] == 3000
    # The others have the rest of the share: (8192 - 819 - 3000 - 180 - 260) / 2 above their averages, but no more than
    # one worker at its limit.
    assert found.limits["odoo_north_cron"] - 180 == found.limits["odoo_north_jobs"] - 260 == 1966
    assert found.instances[0].memory_mb["web"] == 3000


def test_postgresql_has_what_odoo_leaves() -> None:
    large = sizes(host(65536, cpus=8)).limits
    # Odoo stops at one worker's limit above its average, sessions at what helps them; a cache profits from all of it.
    assert large["odoo_north_cron"] == 180 + 2360
    assert large["redis"] == 2048
    assert large["patroni"] > 65536 / 2


def test_the_least_of_a_container() -> None:
    instance = sizes(host(8192)).instances[0]
    assert least_mb(instance) == {"web": 786, "cron": 436, "jobs": 516}


def test_instances_run_where_odoo_does() -> None:
    assert sizes(host(8192, ("patroni",))).instances == []


def test_the_budget_counts_each_node_by_its_own_size() -> None:
    small, large = host(8192, cpus=2), host(65536, cpus=16)
    assert connection_bound([small, large]) == connection_bound([small]) + connection_bound([large])
    assert connection_bound([large]) > connection_bound([small])
    assert connection_bound([small, host(8192, ("patroni",))]) == connection_bound([small])


def test_a_host_of_which_nothing_is_known_counts_by_the_least_workers() -> None:
    smallest, nothing = host(512, cpus=1), host(0, cpus=0)
    assert connection_bound([nothing]) == connection_bound([smallest]) < connection_bound([host(65536, cpus=16)])


@pytest.mark.parametrize(
    ("memory", "cpus", "changed", "expected"),
    [
        (8192, 2, {}, []),
        (0, 0, {}, ["n1"]),
        (8192, 0, {}, ["n1"]),
        (0, 2, {}, ["n1"]),
        # A bound of the inventory is no word on what there is.
        (0, 0, {"estate_host_memory_mb": 4096}, ["n1"]),
        (0, 0, {"odoo_workers": 2}, []),
        (0, 0, {"groups": ("patroni",)}, []),
    ],
)
def test_whose_connections_nobody_knows(memory: int, cpus: int, changed: dict[str, Any], expected: list[str]) -> None:
    assert unknown([host(memory, cpus=cpus, **changed)]) == expected


def test_limits_of_the_cluster_follow_the_first_member_that_was_seen() -> None:
    assert cluster_processors([host(8192, cpus=cpus) for cpus in (4, 16)]) == 4
    assert cluster_processors([host(0, cpus=0), host(8192, cpus=16), host(8192, cpus=8)]) == 16
    assert cluster_processors([host(0, cpus=0)]) == cluster_processors([]) == 2
