# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a step takes is what it took before, as the records of earlier runs have it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.evidence.estimates import (
    SCALE,
    as_approved,
    coarse,
    durations,
    estimated,
)
from ansible_collections.erpops.estate.plugins.module_utils.evidence.record import FAILED, SUCCEEDED, Record

BEGAN = datetime(2026, 3, 10, 23, 0, tzinfo=UTC)
STEPS = [{"name": "a", "hosts": ["n1"], "seconds": 500}, {"name": "b", "hosts": ["n2"], "seconds": 500}]
PLAN = {"change": "CHG-2", "playbook": "site", "steps": STEPS, "after": {"image": "2"}}


def asked(at: int, *done: str, ok: bool = True) -> dict[str, Any]:
    return {"ok": ok, "at": (BEGAN + timedelta(seconds=at)).isoformat(), "done": list(done)}


def ran(*verdicts: dict[str, Any], seconds: int = 100, outcome: str = SUCCEEDED, **more: Any) -> Record:
    plan = {"playbook": "site", "steps": STEPS, "after": {"image": "1"}, **more}
    ended = (BEGAN + timedelta(seconds=seconds)).isoformat()
    return Record(
        "run",
        "lab",
        "site.yml",
        BEGAN.isoformat(),
        ended,
        seconds,
        outcome,
        change=str(plan.pop("change", "CHG-1")),
        plan=plan,
        verdicts=verdicts,
    )


WHOLE = (asked(10), asked(40, "a"))


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (ran(*WHOLE), {"a": 30, "b": 60}),
        (ran(*WHOLE, outcome=FAILED), {"a": 30}),
        (ran(asked(10), asked(20), asked(40, "a")), {"a": 30, "b": 60}),
        (ran(asked(10), asked(40, "a", ok=False)), {}),
        (ran(asked(10), outcome=FAILED), {}),
        (ran(), {}),
    ],
    ids=["whole", "failed", "asked twice", "refused", "stopped", "never asked"],
)
def test_a_step_took_from_one_question_to_the_next(record: Record, expected: dict[str, float]) -> None:
    assert dict(durations(record)) == expected


def seconds(*records: Record, **more: Any) -> list[int]:
    return [step["seconds"] for step in estimated({**PLAN, **more}, records)["steps"]]


def test_the_median_of_earlier_runs_counts_and_otherwise_what_the_plan_says() -> None:
    quick, slow = ran(*WHOLE), ran(asked(10), asked(90, "a"), seconds=2000)
    assert seconds() == [500, 500]
    assert seconds(quick) == [30, 60]
    assert seconds(quick, quick, slow) == [30, 60]
    assert seconds(quick, slow, slow) == [90, 2700]
    assert seconds(*[slow] * 9, *[quick] * 10) == [30, 60], "the newest ten"


@pytest.mark.parametrize(
    "other",
    [{"change": "CHG-2"}, {"playbook": "site --tags etcd"}, {"steps": [{**step, "hosts": ["n9"]} for step in STEPS]}],
    ids=["the same change", "called otherwise", "on other hosts"],
)
def test_what_is_no_other_run_of_this_does_not_count(other: dict[str, Any]) -> None:
    assert seconds(ran(*WHOLE, **other)) == [500, 500]


# As an older collection may have written anything in a record.
LOST: Any = "[redacted]"


@pytest.mark.parametrize(
    "other",
    [
        ran({"ok": True, "at": "[redacted]T23:00:10+00:00", "done": []}, asked(40, "a")),
        ran({"ok": True, "at": "2026-03-10T23:00:10", "done": []}, asked(40, "a")),
        replace(ran(*WHOLE), verdicts=LOST),
        ran(*WHOLE, steps=["[redacted]"]),
        ran(*WHOLE, after="[redacted]"),
        replace(ran(*WHOLE), plan=LOST),
        replace(ran(*WHOLE), ended="[redacted]"),
    ],
    ids=["time", "zone", "verdict", "steps", "after", "plan", "end"],
)
def test_a_record_that_cannot_be_read_does_not_count_and_refuses_nothing(other: Record) -> None:
    assert seconds(other) == [500, 500]
    assert seconds(ran(*WHOLE), other) == [30, 60]
    assert estimated(PLAN, [ran(*WHOLE), other])["before"] == {"image": "1"}


def test_runs_that_differ_by_a_little_make_the_same_plan() -> None:
    assert seconds(ran(*WHOLE)) == seconds(ran(asked(10), asked(38, "a"), seconds=97))
    assert [coarse(value) for value in (0, 10, 10.1, 900, 901, 1801)] == [10, 10, 20, 900, 1800, 2700]
    assert list(SCALE) == sorted(SCALE)


def test_what_the_last_run_made_is_what_the_next_one_finds() -> None:
    found = estimated(PLAN, [ran(*WHOLE), ran(*WHOLE, outcome=FAILED, after={"image": "9"})])
    assert found["before"] == {"image": "1"}
    assert found["rollback_seconds"] == 90
    looked = estimated({**PLAN, "before": {"leader": "n1"}, "rollback_seconds": 7}, [ran(*WHOLE)])
    assert (looked["before"], looked["rollback_seconds"]) == ({"leader": "n1", "image": "1"}, 7)


def test_estimates_of_the_approved_plan_count_whatever_ran_since() -> None:
    approved = {**estimated(PLAN, [ran(*WHOLE)]), "format": "x"}
    assert as_approved(PLAN, approved) == {name: value for name, value in approved.items() if name != "format"}
