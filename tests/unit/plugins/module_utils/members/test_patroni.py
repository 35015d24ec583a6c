# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Switchover and pending restarts, step by step; the cluster's answers are recorded ones that the steps change."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import (
    ClientError,
    LagTooHigh,
    MissingFile,
    NoCandidate,
    TimedOut,
    Unreachable,
    WriteForbidden,
)
from ansible_collections.erpops.estate.plugins.module_utils.clients.https import Login
from ansible_collections.erpops.estate.plugins.module_utils.clients.patroni import PatroniClient, PatroniCluster
from ansible_collections.erpops.estate.plugins.module_utils.members.patroni import (
    PatroniMember,
    connect,
    look,
    plan_switchover,
)
from ansible_collections.erpops.estate.plugins.module_utils.members.patroni_restart import Restarter

FIXTURES = Path(__file__).parents[3] / "fixtures" / "patroni"
MEMBERS = {"node1": "10.0.0.1", "node2": "10.0.0.2", "node3": "10.0.0.3"}
LATER = "2026-11-23 02:00:00+00:00"
NAMES = {f"Patroni at {address}:8008": member for member, address in MEMBERS.items()}


class Script:
    """Answers from a recording; a restart and a switchover change what is answered afterwards."""

    def __init__(self, recording: str) -> None:
        data = json.loads((FIXTURES / f"{recording}.json").read_text(encoding="utf-8"))
        self.cluster: dict[str, Any] = data["cluster"]
        self.own: dict[str, dict[str, Any]] = data["members"]
        self.calls: list[str] = []
        self.stubborn: set[str] = set()
        # Who is not what it was at once after a restart; so many questions later it is, where patience is given.
        self.slow: dict[str, dict[str, str]] = {}
        self.away: dict[str, dict[str, str]] = {}
        self.patience = -1
        self.asked_while_away: list[list[str]] = []

    def entry(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = next(member for member in self.cluster["members"] if member["name"] == name)
        return found

    def wait_for_restart(self, **changes: tuple[str, str]) -> None:
        for name in MEMBERS:
            reasons = {key: {"old_value": old, "new_value": new} for key, (old, new) in changes.items()}
            for answer in (self.entry(name), self.own[name]):
                answer.update({"pending_restart": True, "pending_restart_reason": copy.deepcopy(reasons)})

    def get(self, client: PatroniClient, path: str) -> Mapping[str, Any]:
        name = NAMES[client.what]
        if "failure" in self.own[name]:
            raise Unreachable(client.what, expected="an answer", found="Connection refused")
        answer = copy.deepcopy(self.cluster if path == "cluster" else self.own[name])
        if path != "cluster" and name in self.away:
            self.asked_while_away.append(list(self.calls))
            if len(self.asked_while_away) == self.patience:
                self.own[name].update(self.away.pop(name))
        return answer

    def post(self, client: PatroniClient, path: str, data: Mapping[str, Any], timeout: float) -> str:
        assert timeout > 0
        name = NAMES[client.what]
        self.calls.append(f"{path} {name}" + (f" -> {data['candidate']}" if "candidate" in data else ""))
        if path == "switchover":
            old, new = self.entry(data["leader"]), self.entry(data["candidate"])
            old.update({"role": "quorum_standby", "state": "streaming", "lag": 0})
            new.update({"role": "leader", "state": "running"})
            self.own[new["name"]].update({"role": "primary", "xlog": {"location": 84000000}})
            self.own[old["name"]].update({"role": "replica", "postmaster_start_time": LATER})
        if path == "restart":
            self.own[name]["postmaster_start_time"] = LATER
            if name in self.slow:
                self.away[name] = self.slow[name]
                self.own[name].update(dict.fromkeys(self.slow[name], "starting"))
        if name not in self.stubborn:
            self.own[name].pop("pending_restart", None)
            self.own[name].pop("pending_restart_reason", None)
        return "done"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Script:
    played = Script(getattr(request, "param", "healthy"))

    def get(client: PatroniClient, path: str) -> Mapping[str, Any]:
        return played.get(client, path)

    def post(client: PatroniClient, path: str, data: Mapping[str, Any], timeout: float) -> str:
        return played.post(client, path, data, timeout)

    monkeypatch.setattr(PatroniClient, "_get", get)
    monkeypatch.setattr(PatroniClient, "_post", post)
    monkeypatch.setattr("time.sleep", lambda _: None)
    return played


@pytest.fixture
def params(tmp_path: Path) -> dict[str, Any]:
    password = tmp_path / "password"
    password.write_text("secret\n", encoding="utf-8")
    return {
        "name": "node2",
        "members": MEMBERS,
        "ca_file": "ca",
        "username": "patroni",
        "password_file": str(password),
    }


def restart(params: Mapping[str, Any], timeout: float = 1) -> list[str]:
    done: list[str] = []
    Restarter(connect(params), timeout, done).run()
    return done


def test_the_password_is_read_from_its_file(params: dict[str, Any]) -> None:
    cluster: PatroniCluster = connect(params, first="node2")
    assert cluster.names == ("node2", "node1", "node3")
    assert cluster.member("node1")._login == Login("patroni", "secret")
    params["password_file"] = "/nowhere"  # noqa: S105 - a file
    with pytest.raises(MissingFile, match="expected /nowhere"):
        connect(params)


def test_health_and_leadership(script: Script, params: dict[str, Any]) -> None:
    assert PatroniMember(params).leads()
    assert PatroniMember(params).health().facts["version"] == "17.12"
    assert not PatroniMember({**params, "name": "node1"}).leads()
    script.own["node2"]["state"] = "starting"
    assert "expected running, found starting" in PatroniMember(params).health().reasons[0]


@pytest.mark.parametrize("script", ["one_replica_down"], indirect=True)
def test_others_answer_for_a_member_that_is_down(script: Script, params: dict[str, Any]) -> None:
    assert PatroniMember(params).may_leave().ok
    assert not PatroniMember(params).leads()
    with pytest.raises(Unreachable):
        PatroniMember(params).health()
    assert script.calls == []


def test_nobody_leaves_beside_a_member_that_stands_still_while_the_store_remembers_it(
    script: Script, params: dict[str, Any]
) -> None:
    replica = PatroniMember({**params, "name": "node1"})
    assert replica.may_leave().ok
    script.own["node3"]["failure"] = "it stands still"
    assert "found {'node3': 'quorum_standby, no answer'}" in replica.may_leave().reasons[0]
    # The others are asked, not the one that is to leave.
    assert PatroniMember({**params, "name": "node3"}).may_leave().ok


def test_the_leader_steps_aside_for_the_best_standby(script: Script, params: dict[str, Any]) -> None:
    script.own["node1"]["xlog"]["received_location"] -= 400
    assert PatroniMember(params).step_aside() == ["PostgreSQL leadership moved from node2 to node3"]
    assert script.calls == ["switchover node2 -> node3"]
    assert PatroniMember(params).step_aside() == []


@pytest.mark.parametrize("script", ["leader_alone"], indirect=True)
def test_nobody_to_step_aside_for(script: Script, params: dict[str, Any]) -> None:
    with pytest.raises(NoCandidate, match="expected a standby that can take over"):
        PatroniMember({**params, "name": "node1"}).step_aside()
    assert script.calls == []


def test_replicas_restart_first_and_the_leader_hands_over(script: Script, params: dict[str, Any]) -> None:
    script.wait_for_restart(shared_buffers=("128MB", "256MB"))
    assert restart(params) == [
        "PostgreSQL restarted on node1",
        "PostgreSQL restarted on node3",
        "PostgreSQL leadership moved from node2 to node1",
    ]
    assert script.calls == ["restart node1", "restart node3", "switchover node2 -> node1"]


def test_what_is_lowered_restarts_the_leader_in_place_first(script: Script, params: dict[str, Any]) -> None:
    script.wait_for_restart(max_connections=("230", "200"))
    restart(params)
    assert script.calls == ["restart node2", "restart node1", "restart node3"]


def test_no_member_restarts_while_another_one_is_behind(script: Script, params: dict[str, Any]) -> None:
    script.wait_for_restart(shared_buffers=("128MB", "256MB"))
    script.entry("node3")["state"] = "starting"
    with pytest.raises(TimedOut, match="done so far: nothing"):
        restart(params, timeout=0)
    assert script.calls == []


@pytest.mark.parametrize(("word", "was"), [("replication_state", "streaming"), ("state", "running")])
def test_the_next_member_waits_until_the_one_before_streams_by_its_own_word(
    script: Script, params: dict[str, Any], word: str, was: str
) -> None:
    script.wait_for_restart(shared_buffers=("128MB", "256MB"))
    script.slow = {"node1": {word: was}}
    with pytest.raises(TimedOut, match=r"after a restart; .*node1: expected to stream from node2, found starting"):
        restart(params, timeout=0.05)
    # The store still has it as it was before.
    assert script.entry("node1")["state"] == "streaming"
    assert script.calls == ["restart node1"]
    script.own["node1"].update(script.away.pop("node1"))
    restart(params)
    assert script.calls == ["restart node1", "restart node3", "switchover node2 -> node1"]


def test_a_restart_waits_as_long_as_it_may(script: Script, params: dict[str, Any]) -> None:
    script.wait_for_restart(shared_buffers=("128MB", "256MB"))
    script.slow = {"node1": {"replication_state": "streaming"}}
    script.patience = 6
    restart(params, timeout=60)
    assert script.calls == ["restart node1", "restart node3", "switchover node2 -> node1"]
    assert script.asked_while_away == [["restart node1"]] * 6, "nobody else was touched before"


def test_a_member_that_keeps_waiting_is_an_error(script: Script, params: dict[str, Any]) -> None:
    script.wait_for_restart(shared_buffers=("128MB", "256MB"))
    script.stubborn = {"node1"}
    with pytest.raises(ClientError, match="still node1"):
        restart(params)


def test_a_member_that_does_not_answer_is_taken_at_the_store_s_word(script: Script, params: dict[str, Any]) -> None:
    script.wait_for_restart(shared_buffers=("128MB", "256MB"))
    script.own["node3"] = {"failure": "refused"}
    script.own["node1"].pop("pending_restart")
    seen = look(connect(params))
    assert {name: member.pending_restart for name, member in seen.members.items()} == {
        "node1": False,
        "node2": True,
        "node3": True,
    }


def test_a_lag_that_the_store_only_seems_to_see_keeps_nobody(script: Script, params: dict[str, Any]) -> None:
    script.entry("node3")["lag"] = 10**9
    assert PatroniMember({**params, "name": "node3"}).health().facts["lag"] == 0
    script.own["node3"]["xlog"]["received_location"] -= 10**8
    assert "found 100000000 bytes" in PatroniMember({**params, "name": "node3"}).health().reasons[0]


def test_whoever_was_started_before_a_moment_restarts(script: Script, params: dict[str, Any]) -> None:
    done: list[str] = []
    moment = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
    Restarter(connect(params), 1, done, moment).run()
    assert script.calls == ["restart node1", "restart node3", "switchover node2 -> node1"]
    Restarter(connect(params), 1, done, moment).run()
    assert len(script.calls) == 3, "the second run finds nobody"


def test_nobody_restarts_while_one_does_not_say_when_it_was_started(script: Script, params: dict[str, Any]) -> None:
    script.own["node3"] = {"failure": "refused"}
    with pytest.raises(Unreachable, match="done so far: nothing"):
        Restarter(connect(params), 1, [], datetime(2026, 11, 23, 1, 30, tzinfo=UTC)).run()
    assert script.calls == []


def test_a_candidate_that_lags_is_told_apart(script: Script, params: dict[str, Any]) -> None:
    cluster = connect(params)
    assert plan_switchover(cluster, candidate="node3", away_from=None).candidate == "node3"
    script.own["node3"]["xlog"]["received_location"] -= 10**8
    with pytest.raises(LagTooHigh, match="wait until it has caught up"):
        plan_switchover(cluster, candidate="node3", away_from=None)
    script.entry("node3")["state"] = "starting"
    with pytest.raises(NoCandidate, match="expected to stream"):
        plan_switchover(cluster, candidate="node3", away_from=None)


@pytest.mark.usefixtures("writes_off")
def test_a_write_in_check_mode_is_an_error(params: dict[str, Any]) -> None:
    cluster = connect(params)
    for write in (
        lambda: cluster.member("node1").switchover("node2", "node1"),
        lambda: cluster.member("node1").restart(1),
        lambda: cluster.member("node1").patch_config({"pause": True}),
    ):
        with pytest.raises(WriteForbidden, match="expected no write in check mode"):
            write()
