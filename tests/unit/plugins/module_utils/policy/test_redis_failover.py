# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who becomes Redis' master next, judged on recorded answers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.health import sentinel
from ansible_collections.erpops.estate.plugins.module_utils.policy.redis_failover import (
    Failover,
    choosing,
    chosen,
    failover,
)

from tests.unit.plugins.module_utils.redis_recordings import A, B, C, close_look


def changed(sentinels: sentinel.Sentinels, address: str, **fields: str) -> sentinel.Sentinels:
    """Every Sentinel knows this of one replica."""
    views = {
        at: replace(
            view,
            replicas=[{**entry, **fields} if entry["ip"] == address else entry for entry in view.replicas],
        )
        for at, view in sentinels.views.items()
    }
    return replace(sentinels, views=views)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, Failover(A, C)),
        ({"candidate": C}, Failover(A, C)),
        ({"candidate": A}, Failover(A)),
        ({"away_from": A}, Failover(A, C)),
        ({"away_from": B}, Failover(A)),
    ],
)
def test_who_hands_over_to_whom(asked: dict[str, Any], expected: Failover) -> None:
    assert failover(*close_look("healthy"), **asked) == expected


@pytest.mark.parametrize(
    ("recording", "asked", "reason", "quorum"),
    [
        ("healthy", {"candidate": B}, f"expected Sentinel to choose it, found that it would choose {C}", True),
        ("healthy", {"candidate": "192.0.2.1"}, "expected a replica of the master, found none of that address", True),
        ("no_quorum", {}, "NOQUORUM 1 usable Sentinels", False),
        ("replica_stopped", {}, f"expected 2 replicas in sync to hand over to, found {B}", True),
        ("replica_frozen", {}, f"expected 2 replicas in sync to hand over to, found {C}", True),
    ],
)
def test_what_is_refused(recording: str, asked: dict[str, Any], reason: str, *, quorum: bool) -> None:
    found = failover(*close_look(recording), **asked)
    assert reason in "; ".join(found.objections)
    assert (found.successor, found.quorum) == ("", quorum)


def test_a_lost_sentinel_is_no_reason_to_stay() -> None:
    assert failover(*close_look("sentinel_stopped"), away_from=A) == Failover(A, C)


def test_nothing_is_done_while_no_sentinel_answers() -> None:
    servers, sentinels = close_look("healthy")
    silent = replace(sentinels, views={}, silent={A: "no answer"})
    assert failover(servers, silent).objections[-1] == "no answer"


def test_nothing_is_done_while_a_failover_is_under_way() -> None:
    servers, sentinels = close_look("healthy")
    view = sentinels.views[B]
    busy = replace(view, master={**view.master, "flags": "master,failover_in_progress"})
    found = failover(servers, replace(sentinels, views={**sentinels.views, B: busy}))
    assert found.objections == (
        f"Redis master {A}: expected it to be settled, found failover_in_progress at Sentinel {B}",
    )


@pytest.mark.parametrize(
    ("fields", "heir"),
    [
        ({"slave-priority": "90"}, B),
        ({"slave-priority": "110"}, C),
        ({"slave-repl-offset": "999999999"}, B),
        ({"slave-repl-offset": "1"}, C),
        ({"runid": "0"}, B),
        ({"runid": ""}, C),
    ],
)
def test_sentinel_goes_by_priority_then_stream_then_run_id(fields: dict[str, str], heir: str) -> None:
    assert set(chosen(changed(close_look("healthy")[1], B, **fields)).values()) == {heir}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"slave-priority": "0"}, "expected a replica-priority above 0"),
        ({"info-refresh": "30001"}, "expected the Sentinel to know its state"),
        ({"last-ok-ping-reply": "5001"}, "expected to answer the Sentinel's ping"),
        ({"master-link-status": "err"}, "expected its link to the master to be up"),
        ({"flags": "slave,s_down"}, "expected to be seen by the Sentinel, found s_down"),
    ],
)
def test_whom_sentinel_leaves_out(fields: dict[str, str], reason: str) -> None:
    servers, sentinels = close_look("healthy")
    without = changed(sentinels, C, **fields)
    assert set(chosen(without).values()) == {B}
    assert reason in "; ".join(failover(servers, without, candidate=C).objections)


def test_where_nobody_may_be_promoted_every_reason_is_given() -> None:
    servers, sentinels = close_look("healthy")
    forbidden: dict[str, Any] = {"slave-priority": "0"}
    found = failover(servers, changed(changed(sentinels, B, **forbidden), C, **forbidden))
    assert [B in found.objections[0] or B in found.objections[1], len(found.objections)] == [True, 2]


def test_a_sentinel_that_knows_more_can_be_asked() -> None:
    _servers, sentinels = close_look("healthy")
    ahead = [
        {**entry, "slave-repl-offset": "999999999"} if entry["ip"] == B else entry
        for entry in sentinels.views[C].replicas
    ]
    views = {**sentinels.views, C: replace(sentinels.views[C], replicas=ahead)}
    assert choosing(replace(sentinels, views=views), B) == (C,)
    assert choosing(sentinels, B) == ()
    assert choosing(sentinels) == (A, B, C)
