# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judged on recorded answers of etcd 3.5.16; the hosts are node1 to node3."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.health import etcd

FIXTURES = Path(__file__).parents[3] / "fixtures" / "etcd"
NAMES = ("node1", "node2", "node3")


def recorded(name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
    return data


def cluster(data: dict[str, Any], expected: tuple[str, ...] = NAMES) -> etcd.Cluster:
    statuses = {name: answer for name, answer in data["statuses"].items() if "failure" not in answer}
    silent = {name: answer["failure"] for name, answer in data["statuses"].items() if "failure" in answer}
    return etcd.Cluster(expected, data["members"]["members"], statuses, data["alarms"].get("alarms", []), silent)


def test_a_healthy_cluster_knows_one_leader() -> None:
    seen = cluster(recorded("healthy"))
    assert etcd.leader_of(seen) == "node3"
    verdict = etcd.member_health("node3", seen)
    assert verdict.ok
    assert verdict.facts == {"role": "leader", "version": "3.5.16", "lag": 0}
    assert etcd.member_health("node1", seen).facts["role"] == "follower"


@pytest.mark.parametrize(
    ("recording", "member", "healthy", "may_leave", "reason"),
    [
        ("healthy", "node1", True, True, ""),
        ("healthy", "node3", True, True, ""),
        ("one_member_down", "node1", True, False, "found 1 (node3)"),
        ("one_member_down", "node3", True, False, "found 1 (node1)"),
        ("one_member_down", "node2", False, True, ""),
        ("no_quorum", "node1", False, False, "expected to know a leader, found none"),
        ("alarm", "node1", False, False, "etcd member node2: expected no alarm, found NOSPACE"),
    ],
)
def test_recorded_states(recording: str, member: str, healthy: bool, may_leave: bool, reason: str) -> None:
    seen = cluster(recorded(recording))
    assert etcd.member_health(member, seen).ok is healthy
    verdict = etcd.may_leave(member, seen)
    assert verdict.ok is may_leave
    if reason:
        assert reason in "; ".join(verdict.reasons + etcd.member_health(member, seen).reasons)


def test_a_member_that_lags_is_not_healthy_and_keeps_others_from_leaving() -> None:
    data = recorded("healthy")
    data["statuses"]["node1"]["raftIndex"] = "5000"
    data["statuses"]["node1"]["raftAppliedIndex"] = "5000"
    data["statuses"]["node3"]["raftIndex"] = "5000"
    data["statuses"]["node3"]["raftAppliedIndex"] = "5000"
    seen = cluster(data)
    assert "at most 1000 raft entries behind, found 4986" in etcd.member_health("node2", seen).reasons[0]
    assert not etcd.may_leave("node1", seen).ok
    assert etcd.may_leave("node2", seen).ok


def test_members_that_know_different_leaders_are_not_healthy() -> None:
    data = recorded("healthy")
    data["statuses"]["node1"]["leader"] = "2530125863026678400"
    seen = cluster(data)
    assert etcd.leader_of(seen) is None
    assert "expected all members to know one leader" in etcd.member_health("node1", seen).reasons[0]


def test_a_member_that_the_cluster_does_not_list() -> None:
    data = recorded("healthy")
    data["members"]["members"] = [member for member in data["members"]["members"] if member["name"] != "node2"]
    seen = cluster(data)
    assert etcd.member_health("node2", seen).reasons == (
        "etcd member node2: expected in the member list, found node1, node3",
    )


def test_leadership_goes_to_a_healthy_member_that_is_furthest() -> None:
    data = recorded("healthy")
    data["statuses"]["node1"]["raftAppliedIndex"] = "9"
    heir = etcd.candidate("node3", cluster(data))
    assert heir is not None
    assert heir["name"] == "node2"


def test_nobody_leads_in_place_of_the_last_one() -> None:
    assert etcd.candidate("node1", cluster(recorded("no_quorum"))) is None


def test_a_learner_has_no_vote() -> None:
    data = recorded("healthy")
    data["members"]["members"][0]["isLearner"] = True
    seen = cluster(data)
    assert "found a learner" in etcd.member_health("node2", seen).reasons[0]
    heir = etcd.candidate("node3", seen)
    assert heir is not None
    assert heir["name"] == "node1"


def test_a_single_member_may_leave() -> None:
    assert etcd.may_leave("node1", etcd.Cluster(("node1",))).ok


@pytest.mark.parametrize(("size", "needed"), [(1, 1), (3, 2), (5, 3), (7, 4)])
def test_quorum(size: int, needed: int) -> None:
    assert etcd.quorum(size) == needed


def test_a_report_of_a_whole_cluster() -> None:
    found = etcd.report(cluster(recorded("healthy")))
    assert (found["ok"], found["leader"], found["revision"], found["alarms"]) == (True, "node3", 1, [])
    assert found["quorum"] == {"size": 3, "needed": 2, "answering": 3}
    assert found["members"]["node1"] == {
        "id": "13494466388937374898",
        "learner": False,
        "client_urls": ["https://172.30.77.11:2379"],
        "peer_urls": ["https://172.30.77.11:2380"],
        "version": "3.5.16",
        "db_size_bytes": 20480,
        "db_in_use_bytes": 20480,
        "raft_term": 2,
        "lag": 0,
        "ok": True,
        "reasons": [],
    }


def test_a_member_that_has_never_started_is_listed_by_where_it_is_waited_for() -> None:
    data = recorded("healthy")
    for member in data["members"]["members"]:
        if member["name"] == "node2":
            # etcd leaves out what is empty.
            del member["name"], member["clientURLs"]
    found = etcd.report(cluster(data))["members"]
    assert found["https://172.30.77.12:2380"]["client_urls"] == []
    assert "expected in the member list" in found["node2"]["reasons"][0]


@pytest.mark.parametrize(
    ("recording", "expected", "reason"),
    [
        ("one_member_down", NAMES, "etcd member node2: expected an answer"),
        ("no_quorum", NAMES, "expected at least 2 of 3 members to answer, found 1 (node1): nothing can be written"),
        ("alarm", NAMES, "etcd member node2: expected no alarm, found NOSPACE"),
        ("healthy", NAMES[:2], "etcd member node3: expected no member that nobody declared, found one"),
        ("healthy", (*NAMES, "node4"), "etcd member node4: expected in the member list, found node1, node2, node3"),
    ],
)
def test_a_report_names_everything_that_is_wrong(recording: str, expected: tuple[str, ...], reason: str) -> None:
    data = recorded(recording)
    data["alarms"] = data["alarms"] if "failure" not in data["alarms"] else {}
    seen = cluster(data, expected)
    seen = replace(seen, statuses={name: status for name, status in seen.statuses.items() if name in expected})
    found = etcd.report(seen)
    assert not found["ok"]
    assert reason in "; ".join(found["reasons"])
