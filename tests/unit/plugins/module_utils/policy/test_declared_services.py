# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.declared_services import declared
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_model import SERVICE_GROUPS

from tests.conftest import REPOSITORY


@pytest.mark.parametrize(
    ("groups", "virtual_ip", "expected"),
    [
        (["estate"], "10.0.0.10", set()),
        (["etcd"], "", {"etcd"}),
        (["redis"], "", {"redis", "sentinel"}),
        (["edge"], "10.0.0.10", {"traefik", "keepalived"}),
        (["edge"], "", {"traefik"}),
        (["patroni"], "10.0.0.10", {"patroni"}),
        (["odoo"], "", {f"odoo_{name}_{process}" for name in ("a", "b") for process in ("web", "cron", "jobs")}),
        (["object_storage", "image_registry"], "", {"object_storage", "image_registry"}),
    ],
)
def test_what_a_host_is_to_have(groups: list[str], virtual_ip: str, expected: set[str]) -> None:
    assert set(declared(groups, ["a", "b"], virtual_ip)) == expected


def test_every_group_runs_something() -> None:
    for group in SERVICE_GROUPS:
        assert declared([group], ["north"], "10.0.0.10"), group


def test_an_estate_that_was_recorded_has_what_is_declared_and_nothing_else() -> None:
    path = REPOSITORY / "tests" / "unit" / "fixtures" / "status" / "whole.json"
    data = ["etcd", "patroni", "redis"]
    groups = {
        "node1": [*data, "odoo", "edge"],
        "node2": [*data, "odoo", "edge"],
        "node3": data,
        "store1": ["object_storage", "image_registry"],
    }
    for host, services in json.loads(path.read_text(encoding="utf-8")).items():
        recorded = {entry["service"]: entry["kind"] for entry in services}
        assert declared(groups[host], ["north", "south"], "172.30.77.10") == recorded
