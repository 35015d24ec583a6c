# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judged on recorded answers of Patroni 4.0.7 with PostgreSQL 17; the hosts are node1 to node3."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.health import patroni

FIXTURES = Path(__file__).parents[3] / "fixtures" / "patroni"
NAMES = ("node1", "node2", "node3")


def recorded(name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
    return data


def view(name: str) -> patroni.ClusterView:
    return patroni.view(recorded(name)["cluster"])


def change(cluster: patroni.ClusterView, member: str, **values: Any) -> patroni.ClusterView:
    members = {**cluster.members, member: replace(cluster.members[member], **values)}
    return replace(cluster, members=members)


@pytest.mark.parametrize(
    ("recording", "healthy", "not_healthy"),
    [
        ("healthy", ["node1", "node2", "node3"], []),
        ("lagging", ["node1", "node2"], ["node3"]),
        ("one_replica_down", ["node1", "node3"], ["node2"]),
        ("leader_alone", [], ["node1", "node2", "node3"]),
        ("joining", [], ["node1", "node2", "node3"]),
        ("leader_lost", [], ["node1", "node2", "node3"]),
    ],
)
def test_health_of_recorded_states(recording: str, healthy: list[str], not_healthy: list[str]) -> None:
    seen = view(recording)
    found = {name: patroni.member_health(name, seen, NAMES).ok for name in NAMES}
    assert found == {**dict.fromkeys(healthy, True), **dict.fromkeys(not_healthy, False)}


@pytest.mark.parametrize(
    ("recording", "member", "may_leave", "reason"),
    [
        ("healthy", "node1", True, ""),
        ("healthy", "node2", True, ""),
        ("lagging", "node1", True, ""),
        ("lagging", "node2", False, "expected another quorum standby that has caught up with node1"),
        ("lagging", "node3", True, ""),
        ("one_replica_down", "node2", True, ""),
        ("one_replica_down", "node3", False, "{'node2': 'replica, stopped'}"),
        ("one_replica_down", "node1", True, ""),
        ("leader_alone", "node1", False, "expected a standby that can take over, found none"),
        ("joining", "node3", False, "found none"),
        ("leader_lost", "node1", False, "expected another quorum standby"),
    ],
)
def test_who_may_leave(recording: str, member: str, may_leave: bool, reason: str) -> None:
    verdict = patroni.may_leave(member, view(recording), NAMES)
    assert verdict.ok is may_leave
    assert reason in "; ".join(verdict.reasons)


def test_the_leader_alone_is_shouted() -> None:
    reasons = patroni.member_health("node1", view("leader_alone"), NAMES).reasons
    sentence = (
        "PostgreSQL on node1: LEADER ALONE; expected a standby in the quorum, found none: what is acknowledged now "
        "exists once"
    )
    assert reasons == (sentence,)
    assert patroni.member_health("node1", view("leader_alone"), ["node1"]).ok


def test_of_two_declared_members_the_standby_may_leave() -> None:
    answer = recorded("healthy")["cluster"]
    answer["members"] = [member for member in answer["members"] if member["name"] != "node3"]
    seen = patroni.view(answer)
    assert patroni.may_leave("node1", seen, ("node1", "node2")).ok
    assert patroni.may_leave("node2", seen, ("node1", "node2")).ok
    assert not patroni.may_leave("node1", seen, NAMES).ok


def test_nobody_may_leave_while_nobody_leads() -> None:
    seen = change(view("healthy"), "node2", state="stopped")
    assert patroni.may_leave("node1", seen, NAMES).reasons == (
        "PostgreSQL without node1: expected a running leader, found none",
    )


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"state": "starting"}, "expected to stream from node2, found starting"),
        ({"timeline": 7}, "expected timeline 1 of leader node2, found 7"),
        ({"lag": None}, "found an unknown lag"),
        ({"lag": 16 * 1024 * 1024 + 1}, "found 16777217 bytes"),
        ({"role": "replica"}, "expected a standby in the quorum, found role replica"),
    ],
)
def test_what_a_standby_may_lack(values: dict[str, Any], reason: str) -> None:
    verdict = patroni.member_health("node1", change(view("healthy"), "node1", **values), NAMES)
    assert not verdict.ok
    assert reason in "; ".join(verdict.reasons)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ["node1", "node3"]),
        ({"node1": {"lag": 100}}, ["node3", "node1"]),
        ({"node1": {"tags": {"nofailover": True}}}, ["node3"]),
        ({"node1": {"tags": {"failover_priority": 0}}}, ["node3"]),
        ({"node1": {"role": "replica"}, "node3": {"state": "starting"}}, []),
    ],
)
def test_who_may_take_over(changes: dict[str, dict[str, Any]], expected: list[str]) -> None:
    seen = view("healthy")
    for name, values in changes.items():
        seen = change(seen, name, **values)
    assert [member.name for member in patroni.takers(seen)] == expected


def test_a_switchover_is_complete_when_the_old_leader_streams() -> None:
    seen = view("healthy")
    assert patroni.handed_over("node1", "node2", seen).ok
    assert not patroni.handed_over("node2", "node1", seen).ok
    assert not patroni.handed_over("node1", "node2", change(seen, "node1", state="starting")).ok


def test_a_member_s_own_word_counts_more_than_the_store() -> None:
    data = recorded("pending_lowered")
    own = {**data["members"], "node1": recorded("healthy")["members"]["node1"]}
    seen = patroni.with_own_word(patroni.view(data["cluster"]), own)
    assert patroni.pending(seen) == ["node2", "node3"]
    assert seen.members["node2"].pending_reasons["max_connections"] == {"old_value": "230", "new_value": "200"}


def test_positions_of_this_moment_replace_the_store_s_lag() -> None:
    data = recorded("lagging")
    seen = patroni.view(data["cluster"])
    assert patroni.behind(seen)
    data["members"]["node3"]["xlog"]["received_location"] = data["members"]["node1"]["xlog"]["location"] + 8
    closer = patroni.with_own_word(seen, data["members"])
    assert closer.members["node3"].lag == 0
    assert not patroni.behind(closer)
    assert patroni.with_own_word(seen, {"node3": data["members"]["node3"]}).members["node3"].lag == 41470736


def test_an_unknown_member_and_an_empty_cluster() -> None:
    assert not patroni.member_health("node9", view("healthy"), NAMES).ok
    assert not patroni.may_leave("node1", patroni.view({}), NAMES).ok
    assert patroni.may_leave("node1", patroni.view({}), ["node1"]).ok


def asked(name: str) -> patroni.ClusterView:
    """The recorded cluster with every member's own word, and why one gave none."""
    data = recorded(name)
    own = {member: answer for member, answer in data["members"].items() if "failure" not in answer}
    silent = {member: answer["failure"] for member, answer in data["members"].items() if "failure" in answer}
    return replace(patroni.with_own_word(patroni.view(data["cluster"]), own), silent=silent)


def test_a_report_of_a_whole_cluster() -> None:
    found = patroni.report(asked("healthy"), NAMES)
    assert (found["ok"], found["reasons"], found["leader"], found["paused"]) == (True, [], "node2", False)
    assert found["members"]["node1"] == {
        "role": "quorum_standby",
        "state": "streaming",
        "timeline": 1,
        "lag_bytes": 0,
        "pending_restart": False,
        "pending_reasons": {},
        "tags": {},
        "started": "2026-11-23 01:21:35.717195+00:00",
        "version": "17.12",
        "patroni_version": "4.0.7",
        "ok": True,
        "reasons": [],
    }


def test_a_report_names_who_is_silent_who_is_missing_and_who_is_a_stranger() -> None:
    found = patroni.report(asked("one_replica_down"), NAMES)
    assert not found["ok"]
    assert "expected to stream from node1, found stopped" in found["reasons"][0]
    assert "expected an answer of its Patroni" in found["reasons"][-1]
    missing = patroni.report(asked("healthy"), (*NAMES, "node4"))
    assert missing["members"]["node4"]["reasons"] == [
        "PostgreSQL on node4: expected in the cluster, found no such member"
    ]
    stranger = patroni.report(asked("healthy"), NAMES[:2])
    assert stranger["reasons"] == ["PostgreSQL on node3: expected no member that nobody declared, found one"]


def test_a_leader_takes_writes_by_its_own_word() -> None:
    own = recorded("healthy")["members"]
    assert patroni.takes_writes("node2", own["node2"]) == []
    assert patroni.takes_writes("node1", own["node1"]) == [
        "PostgreSQL on node1: expected a primary that runs and writes, found replica, running"
    ]
    assert patroni.takes_writes("node2", {**own["node2"], "state": "starting"})
