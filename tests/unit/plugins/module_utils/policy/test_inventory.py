# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory import findings
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_model import Inventory, listed

from tests.unit.plugins.module_utils.policy.inventories import Spoil, everywhere, inventory, sound, texts


def group(name: str, *hosts: str) -> Spoil:
    def spoil(fields: dict[str, Any]) -> None:
        fields["groups"][name] = list(hosts)

    return spoil


def on(host: str, **changed: Any) -> Spoil:
    def spoil(fields: dict[str, Any]) -> None:
        fields["hosts"][host].update(changed)

    return spoil


def outside(host: str) -> Spoil:
    def spoil(fields: dict[str, Any]) -> None:
        fields["groups"]["estate"].remove(host)

    return spoil


ALONE = everywhere(estate_high_availability=False)
FIVE = ("n1", "n2", "n3", "s1", "n5")


def fifth(fields: dict[str, Any]) -> None:
    fields["hosts"]["n5"] = {**fields["hosts"]["n1"], "estate_address": "10.0.0.5", "estate_data_address": "10.0.0.5"}
    fields["groups"]["estate"].append("n5")


def test_a_sound_inventory_has_no_findings() -> None:
    assert texts(findings(inventory())) == []


@pytest.mark.parametrize(
    ("spoils", "expected"),
    [
        pytest.param([group("etcd", "n1")], "group etcd: hosts: 1 etcd members cannot lose one", id="one etcd member"),
        pytest.param([group("etcd", "n1", "n2")], "2 etcd members cannot lose one", id="two etcd members"),
        pytest.param([group("etcd", *FIVE[:4])], "4 etcd members is an even number", id="four etcd members"),
        pytest.param(
            [group("redis", "n1", "n2")], "group redis: hosts: 2 Sentinels cannot lose one", id="two Sentinels"
        ),
        pytest.param([group("redis", *FIVE[:4])], "Use 3 or 5", id="four Sentinels"),
        pytest.param([ALONE, group("etcd", "n1", "n2")], "2 etcd members is an even number", id="even without HA"),
        pytest.param([everywhere(redis_sentinel_quorum=4)], "4 of 3 Sentinels can never agree", id="quorum too large"),
        pytest.param([everywhere(redis_sentinel_quorum=0)], "0 of 3 Sentinels can never agree", id="quorum of none"),
        pytest.param([group("odoo", "n1")], "group odoo: hosts: there is one host", id="one application node"),
        pytest.param([group("edge", "n1")], "group edge: hosts: there is one host", id="one edge"),
        pytest.param([group("patroni", "n1")], "at least two PostgreSQL members", id="one database member"),
        pytest.param([group("etcd")], "group etcd: hosts: patroni has hosts and etcd", id="no etcd for Patroni"),
        pytest.param([group("redis")], "group redis: hosts: odoo has hosts and redis", id="no Redis for Odoo"),
        pytest.param([outside("s1")], "Make object_storage a child of the group estate", id="outside the estate"),
    ],
)
def test_groups(spoils: list[Spoil], expected: str) -> None:
    assert expected in "\n".join(texts(findings(inventory(*spoils))))


@pytest.mark.parametrize(
    "spoils",
    [
        pytest.param([fifth, group("etcd", *FIVE)], id="five etcd members"),
        pytest.param([everywhere(redis_sentinel_quorum=3)], id="all Sentinels have to agree"),
        pytest.param(
            [ALONE, group("etcd", "n1"), group("redis", "n1"), everywhere(redis_sentinel_quorum=1)], id="single"
        ),
        pytest.param([ALONE, group("odoo", "n1"), group("edge", "n1"), group("patroni", "n1")], id="no HA asked for"),
        pytest.param([group("image_registry")], id="somebody else's registry"),
        pytest.param(
            [
                group("odoo"),
                group("edge"),
                everywhere(estate_virtual_ip="", estate_instances=[], estate_instance_secrets={}),
            ],
            id="no Odoo yet",
        ),
    ],
)
def test_groups_that_are_in_order(spoils: list[Spoil]) -> None:
    assert texts(findings(inventory(*spoils))) == []


def test_an_empty_inventory_is_no_estate() -> None:
    found = texts(findings(Inventory(groups={"all": ["x"]}, hosts={})))
    assert len(found) == 1
    assert "no host is in any of the groups etcd, patroni" in found[0]


@pytest.mark.parametrize(
    ("spoils", "expected"),
    [
        pytest.param([on("n2", estate_address="10.0.0.1")], "n1 and n2 have the same address 10.0.0.1", id="same"),
        pytest.param(
            [on("n2", estate_data_address="10.0.0.3")], "estate_data_address: n2 and n3", id="same in one plane"
        ),
        pytest.param([everywhere(estate_virtual_ip="10.0.0.10/24")], "'10.0.0.10/24' is not an IP", id="with a prefix"),
        pytest.param([everywhere(estate_virtual_ip="10.0.0.256")], "is not an IP address", id="no address"),
        pytest.param([everywhere(estate_virtual_ip="vip.example.com")], "is not an IP address", id="a name"),
        pytest.param([everywhere(estate_virtual_ip="fd00::10")], "fd00::10 is IPv6", id="IPv6"),
        pytest.param([everywhere(estate_virtual_ip="10.0.0.2")], "10.0.0.2 is the address of n2", id="a host's"),
        pytest.param([group("edge")], "no edge can carry it", id="virtual IP without edges"),
    ],
)
def test_addresses(spoils: list[Spoil], expected: str) -> None:
    found = texts(findings(inventory(*spoils)))
    assert len(found) == 1
    assert expected in found[0]


@pytest.mark.parametrize(
    "spoils",
    [
        pytest.param([everywhere(estate_virtual_ip="")], id="no virtual IP"),
        pytest.param([everywhere(estate_virtual_ip="10.0.0.20")], id="begins like a host's"),
        pytest.param(
            [on("n1", estate_data_address="10.0.0.2"), on("n2", estate_data_address="10.0.0.1")], id="crossed"
        ),
    ],
)
def test_addresses_that_are_in_order(spoils: list[Spoil]) -> None:
    assert texts(findings(inventory(*spoils))) == []


def test_a_shared_address_is_told_once_for_all_planes() -> None:
    same = on("n2", estate_address="10.0.0.1", estate_data_address="10.0.0.1")
    assert len(findings(inventory(same))) == 1


def test_the_hosts_of_an_estate_agree_on_what_it_is() -> None:
    found = texts(findings(inventory(on("n3", estate_environment="qa"))))
    assert any(
        "estate_environment: the hosts of the estate do not have the same value (n1, n2 and s1; n3)" in text
        for text in found
    )


def test_all_findings_are_reported_at_once() -> None:
    found = texts(findings(inventory(group("etcd", "n1"), on("n2", estate_address="10.0.0.1"))))
    assert len(found) == 2


def test_a_finding_names_place_variable_problem_and_remedy() -> None:
    fields = sound()
    fields["places"]["estate_virtual_ip"] = ["group_vars/all/estate.yml:7"]
    everywhere(estate_virtual_ip="x")(fields)
    assert texts(findings(Inventory(**fields))) == [
        (
            "group_vars/all/estate.yml:7: estate_virtual_ip: 'x' is not an IP address. "
            "Write one address without a prefix length."
        )
    ]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ([], "group all"),
        (["a:1"], "a:1"),
        (["a:1", "a:1", "b:2"], "a:1, b:2"),
        (["a", "b", "c", "d", "e"], "a, b, c and 2 more"),
    ],
)
def test_where(files: list[str], expected: str) -> None:
    assert Inventory(groups={}, hosts={}, places={"x": files}).where("x") == expected


@pytest.mark.parametrize(
    ("names", "expected"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_listed(names: list[str], expected: str) -> None:
    assert listed(names) == expected
