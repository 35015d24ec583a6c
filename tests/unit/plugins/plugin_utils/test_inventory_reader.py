# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_model import Inventory
from ansible_collections.erpops.estate.plugins.module_utils.policy.planes import PLANES, address
from ansible_collections.erpops.estate.plugins.plugin_utils.inventory_reader import read_inventory


class HostVars:
    """As Ansible hands them to an action: raw variables by host."""

    def __init__(self, variables: Mapping[str, Mapping[str, Any]]) -> None:
        self._variables = variables

    def raw_get(self, host: str) -> Mapping[str, Any]:
        return self._variables[host]


def read(tmp_path: Path, text: str, groups: Mapping[str, list[str]] | None = None) -> Inventory:
    """Read an inventory whose variables stand in this text, the same on every host."""
    path = tmp_path / "vars.yml"
    path.write_text(text, encoding="utf-8")
    loader = DataLoader()
    raw = loader.load_from_file(str(path), trusted_as_template=True)
    groups = groups or {"all": ["n1", "n2", "x"], "estate": ["n1", "n2"], "etcd": ["n1"]}
    hostvars = HostVars({host: {**raw, "inventory_hostname": host} for host in groups["all"]})
    return read_inventory({"groups": groups, "hostvars": hostvars}, loader)


def test_defaults_of_the_roles_lie_beneath_the_inventory(tmp_path: Path) -> None:
    inventory = read(tmp_path, "estate_name: acme\nansible_host: 10.0.0.1\n")
    assert inventory.hosts["n1"]["estate_name"] == "acme"
    assert inventory.hosts["n1"]["estate_environment"] == "production"
    # A default that refers to what the inventory says.
    assert inventory.hosts["n1"]["estate_data_address"] == "10.0.0.1"
    assert "estate_name" in inventory.given
    assert "estate_environment" not in inventory.given
    assert inventory.known["estate_environment"] == "estate"


@pytest.mark.parametrize(
    "text", ["a: 1", "ansible_host: 10.0.0.1", "estate_address: 10.0.0.2", "estate_data_address: 10.0.0.3"]
)
def test_others_dial_the_address_a_host_has_by_its_own_defaults(tmp_path: Path, text: str) -> None:
    own = read(tmp_path, f"{text}\n").hosts["n1"]
    given = dict([text.split(": ")])
    for plane in PLANES:
        assert own[f"estate_{plane}_address"] == address(given, "n1", plane)


def test_hosts_outside_the_estate_are_not_read(tmp_path: Path) -> None:
    assert list(read(tmp_path, "a: 1\n").hosts) == ["n1", "n2"]


def test_templates_are_resolved_inside_lists_and_in_the_kind_that_is_specified(tmp_path: Path) -> None:
    inventory = read(
        tmp_path,
        "base: 8000\nestate_instances: [{name: north, http_port: '{{ base + 69 }}'}]\n"
        "estate_host_memory_mb: '{{ \"2048\" }}'\n",
    )
    assert inventory.hosts["n1"]["estate_instances"][0]["http_port"] == 8069
    assert inventory.hosts["n1"]["estate_host_memory_mb"] == 2048
    assert inventory.unresolved == {}


def test_a_secret_that_cannot_be_decrypted_is_not_taken_for_one_that_is_missing(tmp_path: Path) -> None:
    encrypted = VaultLib([("default", VaultSecret(b"another"))]).encrypt("hunter2").decode()
    text = "\n".join(["patroni_superuser_password: !vault |", *(f"  {line}" for line in encrypted.splitlines()), ""])
    assert list(read(tmp_path, text).unresolved) == ["patroni_superuser_password"]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("{{ nowhere }}", "nowhere is not defined"),
        ("{{ ansible_memtotal_mb }}", None),
        ("{{ ansible_facts.memtotal_mb }}", None),
        ("{{ ansible_facts['memtotal_mb'] // 2 }}", None),
    ],
)
def test_what_cannot_be_resolved(value: str, reason: str | None, tmp_path: Path) -> None:
    inventory = read(tmp_path, f'estate_host_memory_mb: "{value}"\n')
    assert inventory.unresolved == ({"estate_host_memory_mb": reason} if reason else {})
    assert "estate_host_memory_mb" not in inventory.hosts["n1"]


def test_a_value_of_another_kind_is_noted_once(tmp_path: Path) -> None:
    inventory = read(tmp_path, "estate_host_memory_mb: much\n")
    assert list(inventory.misfits) == ["estate_host_memory_mb"]
    assert len(inventory.misfits["estate_host_memory_mb"]) == 1
