# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.declared import fingerprint
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_model import Inventory

VARIABLES = {"etcd_client_port": 2379, "odoo_cpu": 0.5, "patroni_superuser_password": "one", "estate_governance": {}}


def inventory(**more: Any) -> Inventory:
    groups = more.pop("groups", {"etcd": ["node1"]})
    specs = {"patroni_superuser_password": {"no_log": True}}
    return Inventory(groups, {"node1": {**VARIABLES, **more}}, specs=specs)


def test_what_is_declared_is_one_digest() -> None:
    found = fingerprint(inventory())
    assert found.startswith("sha256:")
    assert found == fingerprint(inventory())


@pytest.mark.parametrize(
    "more", [{"etcd_client_port": 2380}, {"groups": {"etcd": ["node1", "node2"]}}, {"odoo_cpu": 1}]
)
def test_another_inventory_is_another(more: dict[str, Any]) -> None:
    assert fingerprint(inventory(**more)) != fingerprint(inventory())


@pytest.mark.parametrize(
    "more",
    [
        {"patroni_superuser_password": "two"},
        {"certificates_ca_passphrase": "x"},
        {"estate_governance": {"cache": "/x"}},
    ],
)
def test_neither_a_secret_nor_the_controllers_own_places_are_in_it(more: dict[str, Any]) -> None:
    assert fingerprint(inventory(**more)) == fingerprint(inventory())
