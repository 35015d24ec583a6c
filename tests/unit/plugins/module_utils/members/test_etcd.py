# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which member is asked what, with the answers that were recorded from a real cluster."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import TimedOut, Unreachable
from ansible_collections.erpops.estate.plugins.module_utils.clients.etcd import EtcdClient
from ansible_collections.erpops.estate.plugins.module_utils.members.etcd import EtcdMember

FIXTURES = Path(__file__).parents[3] / "fixtures" / "etcd"
MEMBERS = {"node1": "10.0.0.1", "node2": "10.0.0.2", "node3": "10.0.0.3"}

Play = Callable[[str], list[tuple[str, str, Mapping[str, Any]]]]


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Play:
    """Let the clients answer from a recording; returns the calls as member, path and data."""

    def from_recording(name: str) -> list[tuple[str, str, Mapping[str, Any]]]:
        recording = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
        calls: list[tuple[str, str, Mapping[str, Any]]] = []
        names = {f"etcd at {address}:2379": member for member, address in MEMBERS.items()}

        def call(client: EtcdClient, path: str, data: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
            member = names[client.what]
            calls.append((member, path, data or {}))
            if "failure" in recording["statuses"][member]:
                raise Unreachable(client.what, expected="an answer", found="Connection refused")
            answers = {
                "maintenance/status": recording["statuses"][member],
                "cluster/member/list": recording["members"],
                "maintenance/alarm": recording["alarms"],
                "kv/range": recording["read"],
                "maintenance/transfer-leadership": {"header": {}},
            }
            answer: Mapping[str, Any] = answers[path]
            if "failure" in answer:
                raise TimedOut(client.what, expected="an answer", found="none")
            return answer

        monkeypatch.setattr(EtcdClient, "_call", call)
        return calls

    return from_recording


def member(name: str) -> EtcdMember:
    return EtcdMember({"name": name, "members": MEMBERS, "ca_file": "ca", "cert_file": "crt", "key_file": "key"})


def test_a_healthy_cluster(play: Play) -> None:
    play("healthy")
    assert [member(name).health().ok for name in MEMBERS] == [True, True, True]
    assert [member(name).leads() for name in MEMBERS] == [False, False, True]


def test_leadership_moves_to_the_member_that_is_furthest(play: Play) -> None:
    calls = play("healthy")
    assert member("node3").step_aside() == ["etcd leadership moved from node3 to node1"]
    assert calls[-1] == ("node3", "maintenance/transfer-leadership", {"targetID": "13494466388937374898"})


def test_who_does_not_lead_has_nothing_to_hand_over(play: Play) -> None:
    calls = play("healthy")
    assert member("node1").step_aside() == []
    assert all(path != "maintenance/transfer-leadership" for _name, path, _body in calls)


def test_a_member_that_is_down_may_leave_and_does_not_lead(play: Play) -> None:
    play("one_member_down")
    assert member("node2").may_leave().ok
    assert not member("node2").leads()
    assert member("node2").step_aside() == []
    with pytest.raises(Unreachable):
        member("node2").health()


def test_the_member_that_wants_to_leave_is_not_asked_whether_it_may(play: Play) -> None:
    calls = play("healthy")
    assert member("node1").may_leave().ok
    assert {name for name, path, _body in calls if path == "kv/range"} == {"node2"}


def test_without_a_quorum_nothing_is_healthy(play: Play) -> None:
    play("no_quorum")
    with pytest.raises(TimedOut):
        member("node1").health()
    with pytest.raises((TimedOut, Unreachable)):
        member("node1").may_leave()
