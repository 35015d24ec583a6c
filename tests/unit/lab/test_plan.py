"""The lab as data: addresses, names, volumes; and what a scenario's command line turns into."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.lab import paths, scenario
from tests.lab.plan import ESTATE, Lab, Machine


def test_the_estate_agrees_with_its_inventory() -> None:
    declared = yaml.safe_load((paths.INVENTORY / "hosts.yml").read_text(encoding="utf-8"))["estate"]["children"]
    planned: dict[str, set[str]] = {}
    for machine in ESTATE.machines:
        for group in machine.groups:
            planned.setdefault(group, set()).add(machine.name)
    assert {group: set(content["hosts"]) for group, content in declared.items()} == planned


def test_the_virtual_address_of_the_estate_is_the_inventory_s() -> None:
    declared = yaml.safe_load((paths.INVENTORY / "group_vars" / "all" / "estate.yml").read_text(encoding="utf-8"))
    assert declared["estate_virtual_ip"] == ESTATE.virtual_ip
    assert declared["estate_domain"] == ESTATE.domain


def test_no_two_machines_share_an_address_and_none_takes_the_virtual_one() -> None:
    addresses = [ESTATE.address(machine) for machine in ESTATE.machines]
    assert len({*addresses, ESTATE.virtual_ip, ESTATE.gateway}) == len(addresses) + 2


def test_a_machine_keeps_its_engine_and_its_data_on_volumes() -> None:
    lab = Lab("lab", "10.0.0", (Machine("m1", 11, volumes={"shared": "/srv"}),))
    assert lab.volumes(lab.machines[0]) == {
        "lab-m1-engine": "/var/lib/docker",
        "lab-m1-data": "/var/lib/erpops",
        "shared": "/srv",
    }


@pytest.mark.parametrize(
    ("platform", "groups", "release"),
    [
        ({"name": "m1"}, (), "bookworm"),
        ({"name": "m1", "groups": ["etcd"]}, ("etcd",), "bookworm"),
        ({"name": "m1", "groups": ["etcd", "patroni"], "release": "trixie"}, ("etcd", "patroni"), "trixie"),
    ],
)
def test_a_scenario_s_machine_is_a_platform(platform: dict[str, Any], groups: tuple[str, ...], release: str) -> None:
    assert scenario.plan("etcd", [platform]).machines == (Machine("m1", 11, groups, release=release),)


def test_a_scenario_is_described_as_an_estate_of_its_own() -> None:
    lab = scenario.plan("redis_sentinel", [{"name": "m1", "groups": ["redis"]}, {"name": "m2", "groups": ["redis"]}])
    content = scenario.describe(lab, {"redis": "sha256:0"})["all"]
    assert content["children"]["estate"]["children"] == {"redis": {"hosts": {"m1": None, "m2": None}}}
    assert content["vars"]["estate_images"] == {"redis": "sha256:0"}
    assert set(content["hosts"]) == {"m1", "m2"}


def test_every_scenario_s_machines_can_be_planned() -> None:
    names = [path.parent.name for path in scenario.SCENARIOS.glob("*/molecule.yml") if path.parent.name != "default"]
    assert sorted(names) == ["docker_engine", "etcd", "redis_sentinel"]
    for name in names:
        releases = {machine.release for machine in scenario.plan(name, scenario.platforms(name)).machines}
        assert releases == {"bookworm", "trixie"}


def test_scenarios_stand_on_networks_apart_from_the_estate_s() -> None:
    names = ("docker_engine", "etcd", "redis_sentinel")
    subnets = [scenario.plan(name, []).subnet for name in names]
    assert len({*subnets, ESTATE.subnet}) == len(subnets) + 1
