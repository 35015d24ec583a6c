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
    memory_mb=8192,
    disk_free_mb=40000,
    listening=(("::", 22),),
)
EVERYWHERE = "0.0.0.0"  # noqa: S104  # what the kernel reports, nothing is bound


def judged(*spoils: Any, **changed: Any) -> list[str]:
    """Judge a host n1 that differs in this from one that is fit."""
    return texts(preflight_findings(inventory(*spoils), {"n1": replace(FIT, **changed)}))


def test_fit_hosts_have_no_findings() -> None:
    surveys = dict.fromkeys(("n1", "n2", "n3", "s1"), FIT)
    assert texts(preflight_findings(inventory(), surveys)) == []


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"version": "11"}, "it runs debian 11. Install Debian 12 or 13"),
        ({"version": "14"}, "it runs debian 14"),
        ({"system": "ubuntu", "version": "24.04"}, "it runs ubuntu 24.04"),
        ({"version": ""}, "it runs debian. "),
        ({"disk_free_mb": 8191}, "8191 MiB are free below /var/lib and 8192 are needed"),
        ({"disk_free_mb": 1023, "present": ("etcd",)}, "1023 MiB are free below /var/lib and 1024 are needed"),
        ({"listening": ((EVERYWHERE, 2379),)}, "etcd_client_port: something that is not the estate's etcd listens"),
        ({"listening": (("127.0.0.1", 5432),)}, "something that is not the estate's patroni listens on port 5432"),
        ({"listening": (("::", 443),)}, "something that is not the estate's traefik listens on port 443 (::)"),
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


def test_services_that_share_too_little_memory() -> None:
    found = judged(memory_mb=1024)
    assert any("patroni would get" in text for text in found)
    assert any("odoo would get" in text for text in found)
    assert judged(everywhere(estate_host_memory_mb=1024)) == found


def test_memory_that_is_enough_for_fewer_services() -> None:
    def apart(fields: dict[str, Any]) -> None:
        for group in ("patroni", "redis", "odoo", "edge"):
            fields["groups"][group] = ["n2", "n3"]

    assert judged(apart, memory_mb=1024) == []


def limited(megabytes: int) -> Any:
    def spoil(fields: dict[str, Any]) -> None:
        for host in fields["hosts"].values():
            host["estate_instances"][0]["memory_mb"] = {"web": megabytes, "cron": 1024, "jobs": 1024}

    return spoil


def test_limits_of_containers_have_to_fit() -> None:
    found = judged(limited(6145))
    assert len(found) == 1
    assert "the containers of all instances may take 8193 MiB and n1 has 8192" in found[0]
    assert judged(limited(6144)) == []


@pytest.mark.parametrize(("connections", "fits"), [(0, True), (None, True), (50, False), (400, True)])
def test_connections(connections: int | None, fits: bool) -> None:
    found = judged(everywhere(patroni_max_connections=connections))
    assert (found == []) == fits
    assert fits or "patroni_max_connections: max_connections: expected at least" in found[0]


def test_everything_is_said_at_once() -> None:
    surveys = {"n1": replace(FIT, version="11"), "n2": replace(FIT, disk_free_mb=1)}
    assert len(preflight_findings(inventory(), surveys)) == 2
