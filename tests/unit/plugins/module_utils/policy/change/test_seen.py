# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.change import seen
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.plan import Estimates
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.seen import away, backup, clocks


def survey(offset: float, doubt: float, name: str = "gate_survey") -> dict[str, Any]:
    return {name: {"survey": {"clock_offset": offset, "clock_doubt": doubt}}}


def test_a_clock_is_off_by_what_is_certain() -> None:
    surveys = {
        "a": survey(0.2, 0.5),
        "b": survey(3.0, 0.5),
        "c": {"gate_survey": {"skipped": True}, **survey(-3.0, 0.5, "estate_host_survey")},
        "d": {},
        "e": {"gate_survey": {"skipped": True}},
    }
    assert clocks(surveys) == {"a": 0, "b": 2.5, "c": -2.5}


def test_a_loop_asks_other_hosts_for_one_and_who_does_not_answer_is_away() -> None:
    gone, answered = {"unreachable": True, "msg": "no route"}, survey(0.5, 0.1)["gate_survey"]
    hosts = {
        "a": {
            "gate_survey": {"results": [{**answered, "item": "a"}, {**answered, "item": "b"}, {**gone, "item": "c"}]}
        },
        "c": {},
        "d": {"gate_survey": gone, **survey(0, 0, "estate_host_survey")},
        "e": {"gate_survey": gone},
        "f": {"gate_survey": {"failed": True}},
    }
    assert clocks(hosts) == {"a": 0.4, "b": 0.4, "d": 0}
    assert away(hosts) == {"c", "e"}


def row(label: str, finished: str, *, error: bool = False) -> dict[str, Any]:
    return {"label": label, "finished_at": finished, "error": error}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], []),
        ([row("1", "2026-03-09T01:00:00+00:00"), row("2", "2026-03-10T01:00:00+00:00")], [("2", True)]),
        ([row("2", "2026-03-10T01:00:00+00:00", error=True), row("1", "2026-03-09T01:00:00+00:00")], [("2", False)]),
    ],
)
def test_the_newest_backup_is_the_evidence(rows: list[dict[str, Any]], expected: list[tuple[str, bool]]) -> None:
    found = backup(
        {"node1": {}, "node2": {"gate_backups": {"backups": rows}}, "node3": {"gate_backups": {"skipped": 1}}}
    )
    assert [(one["reference"], one["ok"]) for one in found] == expected
    assert all(one["kind"] == "backup" and one["taken"].startswith("2026-03-10") for one in found)


def told(*points: str | None) -> list[dict[str, Any]]:
    rows = [row("1", "2026-03-10T01:00:00+00:00")]
    queues = [None if point is None else {"recovery_point": point} for point in points]
    return [{"backups": rows, "archive_queue": queue} for queue in queues]


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        pytest.param([None, "2026-03-10T11:59:00+00:00", None], "2026-03-10T11:59:00+00:00", id="the leader says it"),
        pytest.param([None, None], "", id="nobody leads"),
        pytest.param([""], "", id="nothing bounds it"),
        pytest.param(["2026-03-10T11:59:00+00:00", "2026-03-10T11:00:00+00:00"], "2026-03-10T11:00:00+00:00", id="two"),
    ],
)
def test_of_all_members_the_leader_says_how_far_the_repository_is_behind(
    points: list[str | None], expected: str
) -> None:
    (found,) = backup({"node1": {"gate_backups": {"results": told(*points)}}, "node2": {}})
    assert found["recovery_point"] == expected


def test_how_long_it_takes_is_what_was_known_when_the_gate_was_asked_first() -> None:
    first = {"estimates": {"seconds": {"a": 60, "b": 5}, "rollback_seconds": 65}}
    later = {"estimates": {"seconds": {"b": 7}, "rollback_seconds": 0}}
    hosts: dict[str, dict[str, Any]] = {"n1": {"gate_asked": first}, "n2": {"gate_asked": later}, "n3": {}}
    assert seen.estimates(hosts) == Estimates({"a": 60, "b": 7}, 65)
    assert seen.estimates({"n1": {"gate_asked": {"failed": True}}}) == Estimates()
