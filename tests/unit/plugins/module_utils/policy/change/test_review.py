# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.evidence.entry import (
    LONGEST,
    NO_RUN,
    REVIEWED,
    SPOOLED_ROOM,
    compose,
)
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.review import Closed, joined, objection
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.situation import Ran, Review

from tests.unit.plugins.module_utils.policy.change.worlds import NOW, PEOPLE, RULES


@pytest.mark.parametrize(
    ("ran", "person", "said"),
    [
        ("flo", "ada", ""),
        ("flo", "flo", "expected somebody else than flo to close that of CHG-0, who ran it"),
        ("ada", "ada", "expected somebody else than ada"),
        ("flo hal", "ada", ""),
        ("flo hal", "flo", "expected somebody else than flo and hal to close that of CHG-0, who ran it"),
        ("flo ada flo", "ada", "expected somebody else than flo and ada to close that of CHG-0, who ran it"),
        ("flo", "ben", "expected a role of release-manager to close that of CHG-0, found ben without"),
        ("flo", "zoe", "found zoe without"),
        ("flo", "", "found nobody without"),
    ],
)
def test_a_second_person_with_the_role_closes_it(ran: str, person: str, said: str) -> None:
    found = objection(
        Review("CHG-0", tuple(Ran(one) for one in ran.split()), NOW, NOW + timedelta(hours=72)),
        person,
        RULES.break_glass["production"],
        PEOPLE,
    )
    assert said in found
    assert bool(found) is bool(said)


FLO, HAL = Ran("flo", "r1", "orders cannot be saved"), Ran("hal", "r2", "nobody gets in")
OPEN = Review("CHG-0", (FLO,), NOW, NOW + timedelta(hours=72), "sha256:1")


@pytest.mark.parametrize("ran", [HAL, replace(FLO, run="r2")])
def test_a_plan_that_is_run_so_again_has_one_review_of_both_runs(ran: Ran) -> None:
    later = NOW + timedelta(hours=3)
    again = Review("CHG-0", (ran,), later, later + timedelta(hours=72), "sha256:1")
    both = Review("CHG-0", (FLO, ran), later, OPEN.due, "sha256:1")
    assert joined(OPEN, again) == both
    assert joined(both, replace(again, opened=later + timedelta(hours=1))) == both, "the same run asks once more"


def test_a_review_that_is_closed_later_than_the_policy_asks_for_is_late() -> None:
    assert not Closed(OPEN, "ada", OPEN.due).late
    late = Closed(OPEN, "ada", OPEN.due + timedelta(minutes=1))
    assert late.fields() == {
        "change": "CHG-0",
        "plan": "sha256:1",
        "ran": "flo",
        "by": "ada",
        "given": "2026-03-13T23:01:00+00:00",
        "due": "2026-03-13T23:00:00+00:00",
        "late": True,
    }


def test_what_the_ledger_says_of_a_review_fits_into_an_entry_however_many_ran_it() -> None:
    crowd = tuple(Ran(f"{number}{'x' * 79}@") for number in range(9))
    closed = Closed(Review(f"CHG-{'9' * 41}", crowd, NOW, NOW, f"sha256:{'f' * 64}"), "y" * 81, NOW)
    fields = {**closed.fields(), "estate": "e" * 40, "at": "2026-03-10T23:00:00.000Z"}
    line = compose(b"", {**fields, "event": REVIEWED, "run": NO_RUN}, longest=LONGEST - SPOOLED_ROOM)
    assert b"\\u2026" in line
