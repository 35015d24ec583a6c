# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each playbook says it is going to do: equal inputs, equal plans; other inputs, others."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest
import yaml
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.gate import verdict
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.plan import Plan
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.planned import completed
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.playbook_plans import PLANS, planned
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.site_plan import PLAYS, steps_before
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.words import Part

from tests.conftest import REPOSITORY
from tests.unit.plugins.module_utils.policy.change.worlds import CHANGE, governance, run

Data = dict[str, Any]
NODES = ["node1", "node2", "node3"]
GROUPS = {
    "estate": [*NODES, "store1"],
    "etcd": NODES,
    "patroni": NODES,
    "redis": NODES,
    "odoo": NODES[:2],
    "edge": NODES[:2],
    "object_storage": ["store1"],
    "image_registry": ["store1"],
}
INSTANCES = ["lakeland", "harbor"]


def row(service: str, kind: str, *, leads: bool = False) -> Data:
    return {"service": service, "kind": kind, "leads": leads}


SEEN = {
    "node1": [row("odoo_lakeland_web", "odoo"), row("patroni", "patroni", leads=True)],
    "node2": [row("odoo_lakeland_web", "odoo"), row("patroni", "patroni")],
    "node3": [row("patroni", "patroni")],
}
RUNS = {"redis": "r@sha256:0", "sentinel": "r@sha256:0", "etcd": "e@sha256:0", "mine": "x"}
STRIKE = {"host": "node1", "fault": "killed", "service": "patroni", "lift_after": 80}
GIVEN: dict[str, Data] = {
    "site": {
        "hosts": GROUPS["estate"],
        "groups": GROUPS,
        "tags": ["all"],
        "skip_tags": [],
        "images": {"redis": "r@sha256:1"},
        "own_images": {},
        "seen": dict.fromkeys(GROUPS["estate"], RUNS),
        "declared": [{"name": "lakeland", "modules": ["stock", "sale"]}, {"name": "harbor", "modules": []}],
    },
    "rolling_restart": {"services": ["patroni", "odoo_lakeland_web"], "seen": SEEN},
    "switchover": {"leader": "node1", "to": "", "hosts": NODES},
    "host_out": {"host": "node2", "groups": ["odoo", "patroni"], "edges": ["node1"], "reason": "disk", "minutes": 120},
    "host_in": {"host": "node2", "groups": ["odoo", "patroni"], "edges": ["node1"]},
    "drill": {
        "drill": {
            "scenario": "postgresql_killed",
            "does": "It is killed.",
            "strikes": [STRIKE],
            "watch_seconds": 30,
            "bounds": {"write": 4.5},
        },
    },
}
for _given in GIVEN.values():
    _given |= {"change": CHANGE.id, "instances": INSTANCES}

each_playbook = pytest.mark.parametrize("playbook", sorted(PLANS))


def given(playbook: str, **more: Any) -> Data:
    return {**copy.deepcopy(GIVEN[playbook]), **more}


def whole(playbook: str, **more: Any) -> Plan:
    return completed(planned(playbook, given(playbook, **more)), governance(), estate="x", environment="production")


def names(playbook: str, **more: Any) -> list[str]:
    return [step["name"] for step in planned(playbook, given(playbook, **more))["steps"]]


@each_playbook
def test_equal_inputs_make_equal_plans(playbook: str) -> None:
    assert whole(playbook).digest == whole(playbook).digest
    assert whole(playbook).steps


OTHERS = [
    ("site", {"tags": ["etcd"]}),
    ("site", {"skip_tags": ["etcd_verify"]}),
    ("site", {"hosts": NODES}),
    ("site", {"images": {"redis": "r@sha256:2"}}),
    ("site", {"seen": {host: {**RUNS, "redis": "r@sha256:9"} for host in GROUPS["estate"]}}),
    ("site", {"seen": {**dict.fromkeys(GROUPS["estate"], RUNS), "node3": None}}),
    ("site", {"declared": [{"name": "lakeland", "modules": ["stock"]}]}),
    ("host_in", {"abandon": True}),
    ("rolling_restart", {"services": ["odoo_lakeland_web", "patroni"]}),
    ("rolling_restart", {"seen": {**SEEN, "node2": [row("patroni", "patroni", leads=True)]}}),
    ("switchover", {"to": "node2"}),
    ("switchover", {"leader": "node3"}),
    ("host_out", {"minutes": 121}),
    ("host_out", {"reason": "fan"}),
    ("host_in", {"host": "node3"}),
    ("drill", {"drill": {**GIVEN["drill"]["drill"], "strikes": [{**STRIKE, "host": "node2"}]}}),
]


@pytest.mark.parametrize(("playbook", "more"), OTHERS)
def test_other_inputs_make_another_plan(playbook: str, more: Data) -> None:
    assert whole(playbook, **more).digest != whole(playbook).digest


def test_who_leads_is_restarted_last() -> None:
    assert names("rolling_restart") == [
        "patroni on node2",
        "patroni on node3",
        "patroni on node1",
        "odoo_lakeland_web on node1",
        "odoo_lakeland_web on node2",
    ]
    steps = planned("rolling_restart", given("rolling_restart"))["steps"]
    assert [step["reason"] for step in steps] == ["", "", "leads, so it goes last", "", ""]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, [play.step for play in PLAYS]),
        ({"tags": ["verify"]}, [play.step for play in PLAYS]),
        ({"tags": ["etcd"]}, ["prepare", "etcd"]),
        ({"tags": ["backup_configure", "traefik"]}, ["prepare", "postgresql", "edge"]),
        ({"skip_tags": ["patroni"]}, [play.step for play in PLAYS]),
        ({"skip_tags": ["patroni", "backup", "odoo"]}, [p.step for p in PLAYS if p.step not in ("postgresql", "odoo")]),
        (
            {"hosts": ["store1"]},
            ["prepare", "certificates", "docker_engine", "image_registry", "object_storage", "leases"],
        ),
    ],
)
def test_site_plans_what_its_tags_and_hosts_leave(more: Data, expected: list[str]) -> None:
    assert names("site", **more) == expected


def test_the_plan_says_how_site_is_called() -> None:
    assert whole("site").playbook == "site"
    assert whole("site", tags=["odoo", "etcd"], skip_tags=["verify"]).playbook == (
        "site --tags etcd,odoo --skip-tags verify"
    )


def test_what_comes_before_a_play_is_done_when_it_asks() -> None:
    plan = planned("site", given("site", tags=["etcd", "odoo"]))
    assert steps_before(plan, "prepare") == []
    assert steps_before(plan, "etcd") == ["prepare"]
    assert steps_before(plan, "redis") == ["prepare", "etcd"], "a play that is not in the plan asks for the rest"


def test_the_plays_are_those_of_the_playbook() -> None:
    site = yaml.safe_load((REPOSITORY / "playbooks" / "site.yml").read_text(encoding="utf-8"))
    found = []
    for play in site[1:]:
        roles = [role["role"].removeprefix("erpops.estate.") for role in play.get("roles", ())]
        done = "".join(str(task.get("vars", {}).get("gate_done", "")) for task in play.get("pre_tasks", ()))
        found.append((done.partition("steps_before('")[2].partition("'")[0] or "prepare", tuple(roles), play["hosts"]))
    assert found == [(play.step, play.roles, ":".join(play.groups)) for play in PLAYS]


@pytest.mark.parametrize(
    ("playbook", "more", "instances", "planes"),
    [
        ("site", {"tags": ["odoo"]}, INSTANCES, ["application"]),
        ("site", {"tags": ["certificates"], "hosts": ["node3"]}, INSTANCES, ["data"]),
        ("site", {}, INSTANCES, ["edge", "application", "data", "management"]),
        ("rolling_restart", {"services": ["odoo_lakeland_web"]}, ["lakeland"], ["application"]),
        ("rolling_restart", {}, INSTANCES, ["application", "data"]),
        ("switchover", {}, INSTANCES, ["data"]),
        ("host_out", {"groups": ["odoo", "edge", "mine"]}, INSTANCES, ["edge", "application"]),
        ("drill", {}, INSTANCES, ["edge", "application", "data", "management"]),
    ],
)
def test_a_plan_says_what_it_touches(playbook: str, more: Data, instances: list[str], planes: list[str]) -> None:
    found = planned(playbook, given(playbook, **more))["touches"]
    assert sorted(found["instances"]) == sorted(instances)
    assert found["planes"] == planes


def test_a_change_that_names_less_does_not_let_it_through() -> None:
    """CHANGE names lakeland alone, and the data of all instances are in one cluster."""
    plan = whole("switchover")
    said = [reason for reason in verdict(governance(), run(plan)).reasons if reason.startswith("plan: ")]
    assert said == ["plan: expected nothing but what CHG-1 names, found instance harbor, ring pilot, plane data"]
    assert whole("rolling_restart", services=["odoo_lakeland_web"]).target.parts == (
        Part("lakeland", "main", "north", "application"),
    )


def test_only_a_plane_that_the_change_names() -> None:
    change = replace(CHANGE, instances=("lakeland", "harbor"), planes=("application",))
    laid = governance(changes={change.id: change})
    plan = completed(planned("switchover", given("switchover")), laid, estate="x", environment="production")
    assert sum("expected nothing but what CHG-1 names" in reason for reason in verdict(laid, run(plan)).reasons) == 2


def test_what_cannot_be_taken_back_is_named_where_a_host_is_forgotten() -> None:
    assert whole("host_in").no_return == ""
    assert whole("host_in", abandon=True).no_return == "start node2"


def test_what_has_no_plan_is_said() -> None:
    with pytest.raises(ValueError, match="expected a playbook that plans \\(drill, host_in, "):
        planned("status", {})
