# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.preflight import preflight_findings
from ansible_collections.erpops.estate.plugins.module_utils.policy.survey import Survey

from tests.unit.plugins.module_utils.policy.inventories import everywhere, inventory, texts

FIT = Survey(
    clock_offset=0.0,
    clock_doubt=0.05,
    system="debian",
    version="12",
    cpus=4,
    memory_mb=12288,
    disk_free_mb=40000,
    listening=(("::", 22),),
)
SEEN = {"memory_mb": FIT.memory_mb, "cpus": FIT.cpus}
EVERYWHERE = "0.0.0.0"  # noqa: S104  # what the kernel reports, nothing is bound


def judged(*spoils: Any, **changed: Any) -> list[str]:
    """Judge a host n1 that differs in this from one that is fit."""
    return texts(preflight_findings(inventory(*spoils), {"n1": replace(FIT, **changed)}, {"n2": SEEN}))


def test_fit_hosts_have_no_findings() -> None:
    surveys = dict.fromkeys(("n1", "n2", "n3", "s1"), FIT)
    assert texts(preflight_findings(inventory(), surveys)) == []


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"version": "11"}, "it runs debian 11. Install Debian 12 or 13"),
        ({"version": "14"}, "it runs debian 14"),
        ({"present": ("etcd", "out_of_service")}, "host n1: service: it was taken out of service"),
        ({"system": "ubuntu", "version": "24.04"}, "it runs ubuntu 24.04"),
        ({"version": ""}, "it runs debian. "),
        ({"disk_free_mb": 8191}, "8191 MiB are free below /var/lib and 8192 are needed"),
        ({"disk_free_mb": 1023, "present": ("etcd",)}, "1023 MiB are free below /var/lib and 1024 are needed"),
        ({"listening": ((EVERYWHERE, 2379),)}, "etcd_client_port: something that is not the estate's etcd listens"),
        ({"listening": (("127.0.0.1", 5432),)}, "something that is not the estate's patroni listens on port 5432"),
        (
            {"listening": (("::", 443),)},
            "listening ports: something that is not the estate's traefik listens on port 443",
        ),
        ({"listening": (("::", 8172),)}, "estate_instances.south.gevent_port: something"),
        ({"listening": (("::", 6379),), "present": ("redistribution",)}, "not the estate's redis listens"),
        ({"clock_offset": 1.2}, "clock of n1: it is at least 1.1 s ahead of that of the controller"),
        ({"clock_offset": -3.05}, "clock of the controller: it is at least 3.0 s ahead of that of n1"),
    ],
)
def test_a_host_that_is_not_fit(changed: dict[str, Any], expected: str) -> None:
    found = judged(**changed)
    assert len(found) == 1
    assert expected in found[0]


@pytest.mark.parametrize(
    "changed",
    [
        {"version": "13"},
        {"disk_free_mb": 8192},
        {"disk_free_mb": 1024, "present": ("etcd",)},
        {"listening": ((EVERYWHERE, 2379),), "present": ("etcd",)},
        {"listening": ((EVERYWHERE, 8069),), "present": ("odoo-north-web",)},
        {"listening": ((EVERYWHERE, 5000),)},
        {"clock_offset": 1.0},
        {"clock_offset": 2.0, "clock_doubt": 1.0},
    ],
)
def test_a_host_that_is_just_fit(changed: dict[str, Any]) -> None:
    assert judged(**changed) == []


def test_clocks_are_compared_with_each_other() -> None:
    surveys = {"n1": replace(FIT, clock_offset=0.7), "n2": replace(FIT, clock_offset=-0.7), "n3": FIT}
    found = texts(preflight_findings(inventory(), surveys))
    assert len(found) == 1
    assert "clock of n1: it is at least 1.3 s ahead of that of n2" in found[0]


def test_containers_that_may_take_more_than_there_is() -> None:
    found = judged(memory_mb=4096)
    assert len(found) == 1
    assert found[0].startswith("host n1: memory: the containers on n1 may take ")
    # The largest first, each by its name; the system's part and what there is.
    assert " MiB (odoo_north_web 786, odoo_south_web 786, " in found[0]
    assert "the system needs 409, and there are 4096. Give the host more memory" in found[0]


def test_the_bound_of_the_inventory_counts_as_the_host_does() -> None:
    found = judged(everywhere(estate_host_memory_mb=4096))
    assert [text.replace("group_vars/all/estate.yml:3", "host n1") for text in found] == judged(memory_mb=4096)


def test_memory_that_is_enough_for_fewer_services() -> None:
    def apart(fields: dict[str, Any]) -> None:
        for group in ("patroni", "redis", "odoo", "edge"):
            fields["groups"][group] = ["n2", "n3"]

    assert judged(apart, memory_mb=1024) == []


@pytest.mark.parametrize("memory", [6144, 8192, 16384, 65536])
def test_what_is_sized_fits_whatever_the_host_has(memory: int) -> None:
    assert judged(memory_mb=memory) == []


def limited(**megabytes: int) -> Any:
    def spoil(fields: dict[str, Any]) -> None:
        for host in fields["hosts"].values():
            host["estate_instances"][0]["memory_mb"] = megabytes

    return spoil


def test_limits_that_are_given_have_to_fit() -> None:
    given = {"web": 2048, "cron": 1024, "jobs": 1024}
    assert judged(limited(**given), memory_mb=12288) == []
    found = judged(limited(**{**given, "web": 6144}), memory_mb=12288)
    assert len(found) == 1
    assert "(odoo_north_web 6144, " in found[0]


def test_a_limit_that_no_request_would_fit_in() -> None:
    found = judged(limited(cron=435))
    assert len(found) == 1
    assert found[0].startswith(
        "group_vars/all/instances.yml:2: estate_instances.north.memory_mb.cron: 435 MiB are too little"
    )
    assert "take about 180, and one request needs 256 more. Set 436 or more, lower its workers" in found[0]
    assert judged(limited(cron=436)) == []


@pytest.mark.parametrize(
    ("changed", "needed"),
    [
        # On each of two nodes: north 2 workers, south 4 by its processors, each with cron, job and runner, 8
        # connections for each and 16 for gevent; 14 are nobody's.
        ({}, 2 * ((2 + 3) * 8 + 16 + (4 + 3) * 8 + 16) + 14),
        ({"odoo_cron_threads": 3}, 270 + 2 * 2 * 2 * 8),
        ({"odoo_job_workers": 2}, 270 + 2 * 2 * 8),
        ({"odoo_db_maxconn": 10}, 270 + 2 * (5 + 7) * 2),
        ({"odoo_db_maxconn_gevent": 32}, 270 + 2 * 2 * 16),
        ({"odoo_workers": 1}, 270 - 2 * 3 * 8),
    ],
)
def test_the_connection_budget_is_that_of_the_role(changed: dict[str, int], needed: int) -> None:
    surveys = dict.fromkeys(("n1", "n2", "n3", "s1"), FIT)

    def found(connections: int) -> list[str]:
        return texts(preflight_findings(inventory(everywhere(patroni_max_connections=connections, **changed)), surveys))

    assert found(needed) == []
    assert len(found(needed - 1)) == 1
    assert f"patroni_max_connections: max_connections: expected at least {needed}" in found(needed - 1)[0]


def test_a_limited_run_judges_what_is_given_as_a_whole_one_does() -> None:
    given = inventory(everywhere(patroni_max_connections=200))
    both = texts(preflight_findings(given, {"n1": FIT, "n2": FIT}))
    assert texts(preflight_findings(given, {"n1": FIT}, {"n2": SEEN})) == both != []
    # A run that is limited to hosts without Odoo asks the same.
    assert texts(preflight_findings(given, {"n3": FIT}, {"n1": SEEN, "n2": SEEN})) == both
    # One that does not answer has the least: south two workers in place of four.
    assert "expected at least 254" in texts(preflight_findings(given, {"n1": FIT}, {"n2": {}}))[0]


def test_a_host_that_decides_connections_and_does_not_answer() -> None:
    found = texts(preflight_findings(inventory(), {"n1": FIT, "n3": FIT}, {"n2": {}}))
    assert len(found) == 1
    assert found[0].startswith(
        "host n2: processors and memory: it did not say what it has, by which its workers of Odoo"
    )
    assert "Run this when it answers, or say workers of the instances, or patroni_max_connections" in found[0]
    assert texts(preflight_findings(inventory(everywhere(odoo_workers=2)), {"n1": FIT, "n3": FIT})) == []
    # No member of PostgreSQL is in that run.
    assert texts(preflight_findings(inventory(), {"s1": FIT})) == []


@pytest.mark.parametrize("connections", [0, None, 400])
def test_connections_that_are_sized_or_enough(connections: int | None) -> None:
    assert judged(everywhere(patroni_max_connections=connections)) == []


def test_everything_is_said_at_once() -> None:
    surveys = {"n1": replace(FIT, version="11"), "n2": replace(FIT, disk_free_mb=1)}
    assert len(preflight_findings(inventory(), surveys)) == 2
