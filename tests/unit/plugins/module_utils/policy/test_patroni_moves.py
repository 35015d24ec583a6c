# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decided on recorded answers of Patroni 4.0.7 with PostgreSQL 17; the hosts are node1 to node3."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.health import patroni
from ansible_collections.erpops.estate.plugins.module_utils.policy import patroni_moves as moves

FIXTURES = Path(__file__).parents[3] / "fixtures" / "patroni"


def view(name: str) -> patroni.ClusterView:
    data: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
    own = {member: answer for member, answer in data["members"].items() if "failure" not in answer}
    return patroni.with_own_word(patroni.view(data["cluster"]), own)


def change(cluster: patroni.ClusterView, member: str, **values: Any) -> patroni.ClusterView:
    members = {**cluster.members, member: replace(cluster.members[member], **values)}
    return replace(cluster, members=members)


def test_the_best_standby_takes_over_where_nobody_is_named() -> None:
    assert moves.switchover(view("healthy")) == moves.Switchover("node2", "node1")
    assert moves.switchover(change(view("healthy"), "node1", lag=400)) == moves.Switchover("node2", "node3")


@pytest.mark.parametrize(
    ("candidate", "away_from"), [("node2", None), (None, "node1"), ("node3", "node1"), ("node2", "node2")]
)
def test_nothing_to_do(candidate: str | None, away_from: str | None) -> None:
    plan = moves.switchover(view("healthy"), candidate=candidate, away_from=away_from)
    assert plan == moves.Switchover("node2")


def test_a_named_candidate_that_can_lead() -> None:
    plan = moves.switchover(view("healthy"), candidate="node3", away_from="node2")
    assert plan == moves.Switchover("node2", "node3")


@pytest.mark.parametrize(
    ("recording", "candidate", "reason", "lagging"),
    [
        ("one_replica_down", "node2", "expected to stream from node1, found stopped", False),
        ("lagging", "node3", "expected at most 16777216 bytes behind node1", True),
        ("healthy", "node9", "expected a member of the cluster, found node1, node2, node3", False),
        ("leader_lost", "node3", "expected to stream from node2, found running", False),
    ],
)
def test_a_named_candidate_is_refused_with_reasons(recording: str, candidate: str, reason: str, lagging: bool) -> None:
    plan = moves.switchover(view(recording), candidate=candidate)
    assert reason in "; ".join(plan.objections)
    assert plan.lagging is lagging


def test_without_a_leader_nobody_hands_over() -> None:
    plan = moves.switchover(change(view("healthy"), "node2", state="stopped"), candidate="node1")
    assert plan.objections == ("switchover: expected a leader that runs, found none; a failover decides",)


def test_without_anybody_who_can_lead_everybody_s_reason_is_given() -> None:
    seen = change(view("healthy"), "node1", tags={"nofailover": True})
    seen = change(seen, "node3", role="replica")
    plan = moves.switchover(seen)
    assert plan.candidate == ""
    assert plan.objections == (
        "PostgreSQL on node1: expected a member that may lead, found its tags {'nofailover': True}",
        "PostgreSQL on node3: expected a standby in the quorum, found role replica",
    )


def test_the_only_member_has_nobody() -> None:
    seen = view("healthy")
    alone = replace(seen, members={"node2": seen.members["node2"]})
    assert moves.switchover(alone).objections == ("node2 is the only member",)


WAITING = {"pending_restart": True}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, None),
        ({"node1": WAITING, "node2": WAITING, "node3": WAITING}, moves.Restart("restart", "node1")),
        ({"node2": WAITING, "node3": WAITING}, moves.Restart("restart", "node3")),
        ({"node2": WAITING}, moves.Restart("switchover", "node2", "node1")),
        (
            {"node2": WAITING, "node1": {"state": "starting"}, "node3": {"state": "starting"}},
            moves.Restart("restart", "node2", reason="nobody can take over"),
        ),
    ],
)
def test_restarts_replicas_first_then_the_leader(
    changes: dict[str, dict[str, Any]], expected: moves.Restart | None
) -> None:
    seen = view("healthy")
    for name, values in changes.items():
        seen = change(seen, name, **values)
    assert moves.next_restart(seen) == expected


def test_a_lowered_parameter_restarts_the_leader_first() -> None:
    seen = view("pending_lowered")
    step = moves.next_restart(seen)
    assert step == moves.Restart(
        "restart",
        "node1",
        reason="max_connections, max_locks_per_transaction lowered: standbys cannot have less than their leader",
    )
    assert moves.due(seen) == ["node2", "node3", "node1"]


def test_who_was_started_before_a_moment_restarts_replicas_first() -> None:
    seen = view("healthy")
    moment = datetime(2026, 11, 23, 1, 21, 35, tzinfo=UTC)
    asked = moves.started_before(seen, moment)
    assert asked == {"node2", "node3"}
    assert moves.due(seen, asked) == ["node3", "node2"]
    assert moves.next_restart(seen, asked) == moves.Restart("restart", "node3")
    later = change(seen, "node3", started="2026-11-23 01:30:00+00:00")
    assert moves.next_restart(later, moves.started_before(later, moment)) == moves.Restart(
        "switchover", "node2", "node1"
    )
    assert moves.started_before(seen, None) == frozenset()
