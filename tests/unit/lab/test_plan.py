"""The lab as data: addresses, names, volumes; and what a scenario's command line turns into."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.lab import paths, scenario
from tests.lab.errors import LabError
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


def test_every_scenario_runs_on_all_releases(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [path.parent.name for path in scenario.SCENARIOS.glob("*/molecule.yml") if path.parent.name != "default"]
    assert sorted(names) == ["docker_engine", "etcd", "redis_sentinel"]
    for name in names:
        seen = set()
        for release in scenario.releases(scenario.platforms(name)):
            monkeypatch.setenv("ERPOPS_RELEASE", release)
            seen |= {machine.release for machine in scenario.plan(name, scenario.platforms(name)).machines}
        assert seen == {"bookworm", "trixie"}


def test_a_cluster_stands_on_the_release_that_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    listed: list[dict[str, Any]] = [{"name": "m1"}, {"name": "m2"}]
    assert scenario.releases(listed) == ("bookworm", "trixie")
    for release in scenario.RELEASES:
        monkeypatch.setenv("ERPOPS_RELEASE", release)
        assert {machine.release for machine in scenario.plan("etcd", listed).machines} == {release}
    monkeypatch.setenv("ERPOPS_RELEASE", "buster")
    with pytest.raises(LabError, match="ERPOPS_RELEASE: expected bookworm or trixie, found buster"):
        scenario.plan("etcd", listed)


def test_machines_with_a_release_each_are_raised_once() -> None:
    listed: list[dict[str, Any]] = [
        {"name": "m1", "release": "bookworm", "bare": True},
        {"name": "m2", "release": "trixie"},
    ]
    assert len(scenario.releases(listed)) == 1
    assert [machine.bare for machine in scenario.plan("docker_engine", listed).machines] == [True, False]


def test_scenarios_stand_on_networks_apart_from_the_estate_s() -> None:
    names = ("docker_engine", "etcd", "redis_sentinel")
    subnets = [scenario.plan(name, []).subnet for name in names]
    assert len({*subnets, ESTATE.subnet}) == len(subnets) + 1
