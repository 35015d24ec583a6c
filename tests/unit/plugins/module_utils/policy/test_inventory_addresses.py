# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory import findings
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_addresses import BOUND
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_model import SERVICE_GROUPS

from tests.unit.plugins.module_utils.policy.inventories import Spoil, everywhere, inventory, texts

NAME = "n9.example.com"


def alone(group: str, **said: str | None) -> Spoil:
    """Return what leaves this group one host, which is in no other group, with these variables alone; None: facts."""

    def spoil(fields: dict[str, Any]) -> None:
        names = [name for name in fields["hosts"]["s1"] if name.endswith("_address")]
        kept = {name: value for name, value in fields["hosts"]["s1"].items() if name not in names}
        fields["hosts"]["n9"] = {**kept, **{name: value for name, value in said.items() if value is not None}}
        fields["groups"][group] = ["n9"]
        fields["groups"]["estate"].append("n9")
        fields["given"].update({name: ["n9"] for name in said})
        fields["known"].update(dict.fromkeys(said, "estate"))

    return spoil


def addresses_found(*spoils: Spoil, groups: tuple[str, ...] = ()) -> list[str]:
    found = texts(findings(inventory(*spoils), groups))
    return [text for text in found if "needs an IPv4 address" in text]


DATA, HOST = "estate_data_address", "estate_address"


@pytest.mark.parametrize(
    ("group", "variable"),
    [
        ("etcd", DATA),
        ("patroni", DATA),
        ("redis", DATA),
        ("odoo", DATA),
        ("odoo", "estate_application_address"),
        ("edge", "estate_management_address"),
        ("edge", "estate_edge_address"),
        ("object_storage", DATA),
        ("object_storage", "object_storage_address"),
        ("image_registry", "image_registry_address"),
        *((group, HOST) for group in SERVICE_GROUPS),
    ],
)
def test_a_name_where_an_address_is_needed(group: str, variable: str) -> None:
    rest = {} if variable == HOST else {HOST: "10.0.0.9"}
    expected = f"{variable}: {NAME!r} is a name, and what n9 has of {group} needs an IPv4 address"
    remedy = "Set it to the IPv4 address of n9"
    assert addresses_found(alone(group, **{**rest, variable: NAME})) == [f"host n9: {expected}. {remedy}."]
    # A role that runs alone asks for its own.
    assert len(addresses_found(alone(group, **{**rest, variable: NAME}), groups=(group,))) == 1


@pytest.mark.parametrize("group", SERVICE_GROUPS)
def test_a_host_that_is_reached_by_its_name_says_no_address(group: str) -> None:
    """As such a host is read: every plane follows from ansible_host, and the inventory gives none of them."""

    def nothing_given(fields: dict[str, Any]) -> None:
        for name in (HOST, DATA):
            fields["given"][name] = []

    said = dict.fromkeys((HOST, "estate_edge_address", DATA), NAME)
    (found,) = addresses_found(alone(group, **said), nothing_given, everywhere(estate_virtual_ip=""))
    assert f"host n9: estate_address: {NAME!r} is a name" in found
    assert "Set it, or ansible_host, to the IPv4 address of n9" in found


@pytest.mark.parametrize(
    ("group", "said"),
    [
        pytest.param("etcd", {HOST: NAME, DATA: "10.0.0.9"}, id="the plane goes before"),
        pytest.param("etcd", {HOST: "10.0.0.9", "estate_edge_address": NAME}, id="another plane"),
        pytest.param("etcd", {HOST: NAME, DATA: None}, id="the plane's follows from facts"),
        pytest.param("edge", {HOST: None}, id="the host's follows from facts"),
        pytest.param("object_storage", {HOST: NAME, "object_storage_address": "10.0.0.9"}, id="the store's own"),
        pytest.param("image_registry", {HOST: NAME, "image_registry_address": "10.0.0.9"}, id="the registry's own"),
    ],
)
def test_what_binds_nothing_may_be_a_name(group: str, said: dict[str, str | None]) -> None:
    assert addresses_found(alone(group, **said)) == []


@pytest.mark.parametrize("virtual_ip", ["", "10.0.0.10"])
def test_edges_behind_a_load_balancer_may_have_names_before_it(virtual_ip: str) -> None:
    said = alone("edge", estate_address="10.0.0.9", estate_edge_address=NAME)
    assert bool(addresses_found(everywhere(estate_virtual_ip=virtual_ip), said)) == bool(virtual_ip)


def test_ipv6_is_refused_as_that() -> None:
    """`fd00::9/32` in pg_hba.conf would let a whole network in."""
    (found,) = addresses_found(alone("patroni", estate_address="fd00::9"))
    assert "estate_address: fd00::9 is IPv6, and what n9 has of patroni needs an IPv4 address" in found


def test_one_name_is_told_once_for_all_that_stands_on_a_host() -> None:
    def spoil(fields: dict[str, Any]) -> None:
        fields["hosts"]["n2"].update(estate_address=NAME, estate_data_address=NAME)
        del fields["given"]["estate_data_address"]

    found = texts(findings(inventory(spoil)))
    assert len(found) == 1
    assert "of etcd, patroni, redis, odoo and edge needs" in found[0]


def test_every_service_binds_something() -> None:
    assert set(BOUND) == set(SERVICE_GROUPS)
