# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.seen import backup, clocks


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
