# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom drills strike, and how they are judged."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.filter.drill import drill_plan, drill_verdict
from ansible_collections.erpops.estate.plugins.module_utils.policy.drill_faults import KINDS, Fault, objection
from ansible_collections.erpops.estate.plugins.module_utils.policy.drill_plan import PEERS, VICTIMS, Members
from ansible_collections.erpops.estate.plugins.module_utils.policy.drill_verdict import Sample, summary, truth, verdict
from ansible_collections.erpops.estate.plugins.module_utils.policy.drills import EVERY, SCENARIOS, STREAMS

from tests.conftest import REPOSITORY

# node1 has the address and leads PostgreSQL and etcd, node2 is Redis' master.
ROLES: dict[str, dict[str, str]] = {
    "node1": {
        "patroni": "leader",
        "etcd": "leader",
        "redis": "slave",
        "sentinel": "sentinel",
        "odoo": "",
        "traefik": "edge",
        "keepalived": "master",
    },
    "node2": {
        "patroni": "quorum_standby",
        "etcd": "follower",
        "redis": "master",
        "sentinel": "sentinel",
        "odoo": "",
        "traefik": "edge",
        "keepalived": "backup",
    },
    "node3": {"patroni": "quorum_standby", "etcd": "follower", "redis": "slave", "sentinel": "sentinel"},
    "store1": {"object_storage": "store"},
}
ADDRESSES = {"node1": ["10.0.0.1"], "node2": ["10.0.0.2", "10.1.0.2"], "node3": ["10.0.0.3"], "store1": ["10.0.0.9"]}


def seen(**changes: dict[str, str]) -> dict[str, Any]:
    """Return the estate with other roles for some hosts; every service is healthy."""
    roles = copy.deepcopy(ROLES)
    for host, changed in changes.items():
        roles[host] |= changed
    return {
        host: {"services": [_row(kind, role) for kind, role in kinds.items() if role != "gone"]}
        for host, kinds in roles.items()
    }


def _row(kind: str, role: str) -> dict[str, Any]:
    health = {"ok": True, "reasons": [], "facts": {}}
    return {"service": kind, "kind": kind, "role": role, "version": "", "image": "", "health": health}


def request(scenario: str, **more: Any) -> dict[str, Any]:
    return {
        "scenario": scenario,
        "estate": "lab",
        "seen_at": "2026-01-31T12:00:00+00:00",
        "environment": "staging",
        "allowed": None,
        "instance": "north",
        "addresses": ADDRESSES,
        "ssh_ports": dict.fromkeys(ADDRESSES, 22),
        "ports": {"patroni": [5432, 8008], "etcd": [2379, 2380], "redis": ["6379"]},
        **more,
    }


@pytest.mark.parametrize(
    ("scenario", "struck"),
    [
        ("postgresql_killed", [("node1", "patroni", [])]),
        ("leader_host_lost_with_etcd", [("node1", "", [])]),
        ("leader_cut_off", [("node1", "", ["10.0.0.2", "10.0.0.3", "10.1.0.2"])]),
        ("standby_disk_full", [("node2", "patroni", [])]),
        ("etcd_member_lost", [("node1", "etcd", [])]),
        ("etcd_majority_lost", [("node1", "etcd", []), ("node2", "etcd", [])]),
        ("redis_master_killed", [("node2", "redis", [])]),
        ("redis_master_frozen", [("node2", "redis", [])]),
        ("redis_master_cut_off", [("node2", "", ["10.0.0.1", "10.0.0.3"])]),
        ("sentinel_lost", [("node1", "sentinel", [])]),
        ("odoo_killed", [("node2", "odoo_north_web", [])]),
        ("odoo_hung", [("node2", "odoo_north_web", [])]),
        ("odoo_clock_wrong", [("node2", "odoo_north_web", [])]),
        ("edge_killed", [("node1", "traefik", [])]),
        ("edge_host_lost", [("node1", "", [])]),
        ("object_store_unreachable", [("store1", "", [])]),
        ("engine_restarted", [("node1", "", [])]),
    ],
)
def test_whom_a_drill_strikes(scenario: str, struck: list[tuple[str, str, list[str]]]) -> None:
    found = drill_plan(seen(), request(scenario))
    assert not found["refusals"]
    assert [(each["host"], each["service"], each["peers"]) for each in found["strikes"]] == struck
    assert all(bool(each["ports"]) == bool(each["peers"]) for each in found["strikes"])
    assert all(each["lift_after"] > found["seconds"] for each in found["strikes"])
    assert found["watch_seconds"] > found["before_seconds"] + found["seconds"]


@pytest.mark.parametrize(
    ("at", "hosts"),
    [
        ("postgresql leader", ["node1"]),
        ("postgresql leader with etcd's", ["node1"]),
        ("postgresql leader without etcd's", []),
        ("postgresql standby", ["node2"]),
        ("etcd leader", ["node1"]),
        ("etcd majority", ["node1", "node2"]),
        ("redis master", ["node2"]),
        ("sentinel", ["node1"]),
        ("odoo", ["node2"]),
        ("edge with the address", ["node1"]),
        ("object store", ["store1"]),
    ],
)
def test_who_is_who(at: str, hosts: list[str]) -> None:
    assert VICTIMS[at][0](Members({host: answer["services"] for host, answer in seen().items()})) == hosts


@pytest.mark.parametrize(
    ("scenario", "ports"), [("leader_cut_off", [2379, 2380, 5432, 8008]), ("redis_master_cut_off", [6379])]
)
def test_at_which_ports_a_cut_is(scenario: str, ports: list[int]) -> None:
    assert drill_plan(seen(), request(scenario))["strikes"][0]["ports"] == ports


@pytest.mark.parametrize(
    ("scenario", "more", "changes", "said"),
    [
        ("arson", {}, {}, "drill_scenario: expected one of those there are, found 'arson'; postgresql_killed: "),
        ("edge_killed", {"environment": "production"}, {}, "environment production: expected one that allows drills"),
        ("edge_killed", {"allowed": "false"}, {}, "environment staging: expected one that allows drills"),
        ("leader_host_lost", {}, {}, "move PostgreSQL's leadership to another host first"),
        (
            "leader_host_lost_with_etcd",
            {},
            {"node1": {"etcd": "follower"}, "node2": {"etcd": "leader"}},
            "stop erpops-leases.timer on the host of etcd's leader",
        ),
        ("leader_cut_off", {}, {"node1": {"patroni": "replica"}}, "mend PostgreSQL's cluster"),
        ("etcd_majority_lost", {}, {"node3": {"etcd": "gone"}}, "it takes three members"),
        ("redis_master_frozen", {}, {"node2": {"redis": "slave"}}, "found none; mend Redis"),
        (
            "sentinel_lost",
            {},
            {"node1": {"sentinel": "gone"}, "node3": {"sentinel": "gone"}},
            "it takes a Sentinel on another host than Redis' master",
        ),
        ("odoo_hung", {}, {"node2": {"odoo": "gone"}}, "it takes two hosts of the group odoo"),
        ("edge_host_lost", {}, {"node1": {"keepalived": "gone"}}, "it takes two hosts of the group edge"),
        ("object_store_unreachable", {}, {"store1": {"object_storage": "gone"}}, "a host of the group object_storage"),
    ],
)
def test_why_a_drill_is_refused(scenario: str, more: dict[str, Any], changes: dict[str, Any], said: str) -> None:
    found = drill_plan(seen(**changes), request(scenario, **more))
    assert len(found["refusals"]) == 1
    assert said in found["refusals"][0]


def test_production_may_allow_drills() -> None:
    assert not drill_plan(seen(), request("edge_killed", environment="production", allowed=True))["refusals"]


def test_an_estate_that_is_not_as_desired_is_not_struck() -> None:
    ill = seen()
    ill["node3"]["services"][0]["health"] = {"ok": False, "reasons": ["patroni: lags"], "facts": {}}
    ill["store1"] = {"unreachable": True}
    found = drill_plan(ill, request("edge_killed"))["refusals"]
    assert found == [
        "before the drill: store1: expected an answer, found none; it is unreachable",
        "before the drill: node3: patroni: lags",
    ]


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_can_be_carried_out_and_judged(name: str) -> None:
    scenario = SCENARIOS[name]
    assert scenario.at in VICTIMS
    assert scenario.fault in KINDS
    assert scenario.fault != "cut_off" or scenario.at in PEERS
    assert not objection(Fault(scenario.fault, scenario.service, ["10.0.0.1"], [5432]))
    assert set(scenario.bounds) <= set(scenario.streams) <= set(STREAMS)
    assert scenario.bounds
    # What decides that users wait, and how that is measured, is part of every figure.
    assert {"page", "write", "login"} & set(scenario.streams)
    assert set(EVERY) < set(scenario.covers)
    for pattern in scenario.covers:
        found = list(REPOSITORY.glob(pattern))
        assert found, f"{pattern} names no file"
        assert all(path.is_file() for path in found), f"{pattern} names a directory"


def test_the_gap_is_the_longest_time_without_success() -> None:
    samples = [Sample("write", at) for at in (0.5, 1.0, 4.5, 5.0)] + [Sample("write", 2.0, "unreachable: reset")]
    found = summary([*reversed(samples), Sample("page", 3.0, "timed_out: none")], 6.0)
    assert found["write"] == {
        "asked": 5,
        "failed": 1,
        "gap": 3.5,
        "gap_since": 1.0,
        "why": ["1 times unreachable: reset"],
    }
    # One that never succeeded was away all the time.
    assert (found["page"]["gap"], found["page"]["gap_since"]) == (6.0, 0.0)


def test_what_became_of_writes() -> None:
    assert truth(["a", "b", "c"], ["d", "e"], ["a", "c", "c", "d"]) == {
        "acknowledged": 3,
        "lost": ["b"],
        "doubled": ["c"],
        "unknown_there": 1,
        "unknown_absent": 1,
    }


def run(gap: float, **more: Any) -> dict[str, Any]:
    figures = {"asked": 9, "failed": 1, "gap": gap, "gap_since": 1.0, "why": []}
    found = {"streams": dict.fromkeys(("connect", "page", "write"), figures), "logged_out": 0, "findings": []}
    return {**found, "writes": truth(["a"], [], ["a"]), **more}


@pytest.mark.parametrize(
    ("runs", "reasons"),
    [
        # One drill beyond the bound is not the median.
        ([run(3.0), run(4.0), run(9.0)], []),
        ([run(6.0)], ["write: expected at most 5 s without success, found 6 s"]),
        ([run(1.0, writes=truth(["a"], [], []))], ["writes lost: expected none, found a"]),
        ([run(1.0, writes=truth([], ["a"], ["a", "a"]))], ["writes doubled: expected none, found a"]),
        ([run(1.0, logged_out=2)], ["session: expected to live on, found it ended 2 times"]),
        ([run(1.0, findings=["node1: etcd is ill"])], ["afterwards: node1: etcd is ill"]),
    ],
)
def test_the_verdict(runs: list[dict[str, Any]], reasons: list[str]) -> None:
    found = verdict("postgresql_killed", runs)
    assert (found["ok"], found["reasons"]) == (not reasons, reasons)


def test_what_was_not_measured_is_not_judged_well() -> None:
    found = verdict("postgresql_killed", [run(1.0, streams={})])
    assert "write: expected to be measured in 1 drills, found 0" in found["reasons"]


def test_the_verdict_on_one_drill_keeps_what_was_measured() -> None:
    measured = {key: value for key, value in run(2.0).items() if key != "findings"}
    found = drill_verdict(measured, seen(), request("postgresql_killed"))
    assert found["ok"], found["reasons"]
    assert found["run"] == run(2.0)
    assert found["figures"]["write"] == {"median": 2.0, "worst": 2.0, "bound": 5.0}
