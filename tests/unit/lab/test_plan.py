"""The lab as data: addresses, names, volumes; and what a scenario's command line turns into."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.erpops.estate.plugins.module_utils.policy.host_sizes import sizes
from ansible_collections.erpops.estate.plugins.module_utils.policy.sizing import system_memory_mb
from ansible_collections.erpops.estate.plugins.plugin_utils.estate_hosts import host_of

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


@pytest.mark.parametrize("cpus", [2, 8, 32])
def test_workers_are_given_to_one_instance_and_sized_for_the_other(cpus: int) -> None:
    files = sorted((paths.INVENTORY / "group_vars" / "all").glob("*.yml"))
    shared = {name: value for file in files for name, value in yaml.safe_load(file.read_text(encoding="utf-8")).items()}
    for machine in (machine for machine in ESTATE.machines if "odoo" in machine.groups):
        survey = {"survey": {"memory_mb": 65536, "cpus": cpus}}
        host = host_of(machine.name, {**shared, "group_names": machine.groups, "estate_host_survey": survey})
        found = sizes(host)
        workers = {instance.name: instance.workers for instance in found.instances}
        assert [declared.name for declared in host.instances() if not declared.workers] == ["south"]
        assert (workers["north"], workers["south"] >= 2) == (2, True)
        assert host.memory_mb == shared["estate_host_memory_mb"]
        assert system_memory_mb(host.memory_mb) + sum(found.limits.values()) <= host.memory_mb


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


def test_a_scenario_s_machine_is_a_platform() -> None:
    listed: list[dict[str, Any]] = [
        {"name": "m1", "release": "bookworm", "bare": True},
        {"name": "m2", "release": "trixie", "groups": ["etcd", "patroni"]},
    ]
    assert scenario.plan("etcd", listed).machines == (
        Machine("m1", 11, (), release="bookworm", bare=True),
        Machine("m2", 12, ("etcd", "patroni"), release="trixie"),
    )


def test_a_scenario_is_described_as_an_estate_of_its_own() -> None:
    listed = [{"name": name, "release": "trixie", "groups": ["redis"]} for name in ("m1", "m2")]
    lab = scenario.plan("redis_sentinel", listed)
    content = scenario.describe(lab, {"redis": "sha256:0"})["all"]
    assert content["children"]["estate"]["children"] == {"redis": {"hosts": {"m1": None, "m2": None}}}
    assert content["vars"]["estate_images"] == {"redis": "sha256:0"}
    assert set(content["hosts"]) == {"m1", "m2"}


def test_every_scenario_runs_on_all_releases() -> None:
    names = [path.parent.name for path in scenario.SCENARIOS.glob("*/molecule.yml") if path.parent.name != "default"]
    assert sorted(names) == ["docker_engine", "etcd", "redis_sentinel"]
    for name in names:
        machines = scenario.plan(name, scenario.platforms(name)).machines
        assert {machine.release for machine in machines} == {"bookworm", "trixie"}


def test_scenarios_stand_on_networks_apart_from_the_estate_s() -> None:
    names = ("docker_engine", "etcd", "redis_sentinel")
    subnets = [scenario.plan(name, []).subnet for name in names]
    assert len({*subnets, ESTATE.subnet}) == len(subnets) + 1
