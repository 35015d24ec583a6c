# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judged on recorded answers of Redis 8.0.2 and its Sentinels on three hosts, .11 to .13.

.13 is master and is killed; .11 is elected in its place.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.health import redis, sentinel

FIXTURES = Path(__file__).parents[3] / "fixtures" / "redis"
A, B, C = "172.30.77.11", "172.30.77.12", "172.30.77.13"


def recorded(name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
    return data


def sentinels(name: str) -> sentinel.Sentinels:
    answers = recorded(name)["sentinels"]
    return sentinel.Sentinels(
        (A, B, C),
        {
            address: sentinel.View(answer["master"], answer["no_quorum"])
            for address, answer in answers.items()
            if "failure" not in answer
        },
        {address: answer["failure"] for address, answer in answers.items() if "failure" in answer},
    )


def servers(name: str, *, with_sentinels: bool = True) -> redis.Servers:
    answers = recorded(name)["servers"]
    return redis.Servers(
        (A, B, C),
        {address: answer for address, answer in answers.items() if "failure" not in answer},
        {address: answer["failure"] for address, answer in answers.items() if "failure" in answer},
        sentinel.elected(sentinels(name).views) if with_sentinels else "",
    )


def test_a_healthy_estate_has_one_master_with_two_replicas_in_sync() -> None:
    seen = servers("healthy")
    assert redis.master_of(seen) == C
    assert redis.replicas_in_sync(seen.infos[C], 10) == (B, A)
    verdict = redis.member_health(C, seen)
    assert verdict.ok
    assert verdict.facts == {"role": "master", "version": "8.0.2", "lag": 0}


@pytest.mark.parametrize(
    ("recording", "member", "reason"),
    [
        ("healthy", A, ""),
        ("healthy", C, ""),
        ("replica_stopped", A, "Redis 172.30.77.11: expected an answer, found ConnectionError"),
        ("replica_stopped", B, ""),
        ("replica_stopped", C, ""),
        ("master_killed", A, "expected its link to 172.30.77.13 to be up, found it down"),
        ("failed_over", A, ""),
        ("failed_over", B, ""),
        ("old_master_back", C, "expected role slave since 172.30.77.11 is the master, found master"),
        ("old_master_back", A, ""),
    ],
)
def test_health_of_a_server(recording: str, member: str, reason: str) -> None:
    verdict = redis.member_health(member, servers(recording))
    assert verdict.ok is (reason == "")
    assert reason in "; ".join(verdict.reasons)


@pytest.mark.parametrize(
    ("recording", "member", "reason"),
    [
        ("healthy", A, ""),
        ("healthy", B, ""),
        ("healthy", C, "expected another master before it leaves, found itself"),
        ("replica_stopped", A, ""),
        ("replica_stopped", B, "expected at least 1 replicas in sync without 172.30.77.12, found none"),
        ("master_killed", A, "Redis 172.30.77.13: expected an answer"),
        ("failed_over", C, ""),
        ("failed_over", B, "found none"),
    ],
)
def test_who_may_leave(recording: str, member: str, reason: str) -> None:
    verdict = redis.may_leave(member, servers(recording))
    assert verdict.ok is (reason == "")
    assert reason in "; ".join(verdict.reasons)


def test_while_the_estate_is_raised_the_only_master_counts() -> None:
    assert redis.master_of(servers("healthy", with_sentinels=False)) == C
    assert redis.member_health(A, servers("healthy", with_sentinels=False)).ok


def test_two_masters_without_sentinels_are_nobodys_health() -> None:
    seen = servers("old_master_back", with_sentinels=False)
    assert redis.master_of(seen) == ""
    assert "expected one master among" in redis.member_health(B, seen).reasons[0]
    assert not redis.may_leave(B, seen).ok


def test_a_single_server_may_leave() -> None:
    assert redis.may_leave(A, replace(servers("healthy"), expected=(A,))).ok


def test_a_master_hands_over_only_when_its_heir_will_have_a_replica() -> None:
    assert redis.may_hand_over(C, servers("healthy")).ok
    verdict = redis.may_hand_over(C, servers("replica_stopped"))
    assert verdict.reasons == (
        "Redis master 172.30.77.13: expected 2 replicas in sync to hand over to, found 172.30.77.12",
    )


def test_a_master_is_drained_when_its_replicas_have_everything() -> None:
    seen = servers("healthy")
    assert redis.drained(C, seen).ok
    behind = {**seen.infos[A], "slave_repl_offset": str(int(seen.infos[C]["master_repl_offset"]) - 7)}
    verdict = redis.drained(C, replace(seen, infos={**seen.infos, A: behind}))
    assert verdict.reasons == ("Redis 172.30.77.11: expected everything that 172.30.77.13 has, found 7 bytes missing",)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"loading": "1"}, "expected its data to be loaded"),
        ({"aof_last_write_status": "err"}, "expected writes to reach the disk"),
        ({"master_host": B}, "expected to follow 172.30.77.13, found 172.30.77.12"),
        ({"master_link_status": "down", "master_sync_in_progress": "1"}, "while it copies the data"),
        ({"slave_repl_offset": "-2000000"}, "expected at most 1048576 bytes behind"),
    ],
)
def test_what_is_wrong_with_a_replica(change: dict[str, str], reason: str) -> None:
    seen = servers("healthy")
    verdict = redis.member_health(A, replace(seen, infos={**seen.infos, A: {**seen.infos[A], **change}}))
    assert reason in "; ".join(verdict.reasons)


def test_a_replica_its_master_does_not_count_is_not_healthy() -> None:
    seen = servers("healthy")
    master = {name: value for name, value in seen.infos[C].items() if A not in value}
    verdict = redis.member_health(A, replace(seen, infos={**seen.infos, C: master}))
    assert verdict.reasons == (
        "Redis 172.30.77.11: expected 172.30.77.13 to count it as in sync, found that it does not",
    )


def test_a_master_without_replicas_in_sync_refuses_writes() -> None:
    seen = servers("healthy")
    late = seen.infos[C]["slave0"].rpartition("lag=")[0] + "lag=11"
    alone = {**seen.infos[C], "slave0": late, "slave1": f"ip={A},port=6379,state=wait_bgsave,offset=0,lag=0"}
    verdict = redis.member_health(C, replace(seen, infos={**seen.infos, C: alone}))
    assert "expected at least 1 replicas in sync, found none; it refuses writes" in verdict.reasons[0]
