# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judged on recorded answers of three Sentinels (Redis 8.0.2), .11 to .13."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.health import sentinel

FIXTURES = Path(__file__).parents[3] / "fixtures" / "redis"
A, B, C = "172.30.77.11", "172.30.77.12", "172.30.77.13"


def recorded(name: str) -> sentinel.Sentinels:
    answers: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))["sentinels"]
    return sentinel.Sentinels(
        (A, B, C),
        {
            address: sentinel.View(answer["master"], answer["no_quorum"])
            for address, answer in answers.items()
            if "failure" not in answer
        },
        {address: answer["failure"] for address, answer in answers.items() if "failure" in answer},
    )


@pytest.mark.parametrize(
    ("recording", "member", "healthy", "may_leave", "reason"),
    [
        ("healthy", A, True, True, ""),
        ("sentinel_stopped", A, False, True, "expected an answer, found ConnectionError"),
        ("sentinel_stopped", B, True, False, ""),
        ("no_quorum", C, False, False, "expected a quorum, found NOQUORUM 1 usable Sentinels"),
        ("master_killed", B, False, False, "expected master 172.30.77.13 to be settled, found disconnected"),
        ("failed_over", B, True, True, ""),
    ],
)
def test_a_sentinel(recording: str, member: str, *, healthy: bool, may_leave: bool, reason: str) -> None:
    seen = recorded(recording)
    verdict = sentinel.member_health(member, seen)
    assert verdict.ok is healthy
    assert reason in "; ".join(verdict.reasons)
    assert sentinel.may_leave(member, seen).ok is may_leave


def test_the_reason_of_a_gate_names_who_answers() -> None:
    assert sentinel.may_leave(B, recorded("sentinel_stopped")).reasons[-1] == (
        "Sentinels without 172.30.77.12: expected at least 2 of 3 to answer, found 1 (172.30.77.13)"
    )


def test_a_single_sentinel_may_leave() -> None:
    assert sentinel.may_leave(A, replace(recorded("healthy"), expected=(A,))).ok


def view(address: str, epoch: int, **more: str) -> sentinel.View:
    master = {"ip": address, "flags": "master", "config-epoch": str(epoch), "num-other-sentinels": "2"}
    return sentinel.View({**master, **more})


@pytest.mark.parametrize(
    ("views", "master"),
    [
        ({}, ""),
        ({A: sentinel.View()}, ""),
        ({A: view(A, 1), B: view(A, 1), C: view(B, 0)}, A),
        # One that was away holds to an older election.
        ({A: view(A, 1), B: view(A, 1), C: view(B, 2)}, B),
        ({A: sentinel.View(), B: view(B, 0), C: view(C, 0)}, B),
    ],
)
def test_who_was_elected_last(views: dict[str, sentinel.View], master: str) -> None:
    assert sentinel.elected(views) == master


@pytest.mark.parametrize(
    ("own", "reason"),
    [
        (sentinel.View(), "expected to watch a master, found none"),
        (view(B, 0), "expected 172.30.77.11 as master like the others, found 172.30.77.12"),
        (view(A, 1, flags="master,s_down,o_down"), "to be settled, found s_down, o_down"),
        (view(A, 1, flags="master,failover_in_progress"), "to be settled, found failover_in_progress"),
        (view(A, 1, **{"num-other-sentinels": "1"}), "expected to know 2 other Sentinels, found 1"),
    ],
)
def test_what_is_wrong_with_a_sentinel(own: sentinel.View, reason: str) -> None:
    seen = sentinel.Sentinels((A, B, C), {A: view(A, 1), B: view(A, 1), C: own})
    assert reason in "; ".join(sentinel.member_health(C, seen).reasons)
    assert sentinel.member_health(A, seen).ok
