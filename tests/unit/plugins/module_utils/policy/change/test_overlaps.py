# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which changes may not be under way beside one another, and what is said of those that are, or wish to be."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.gate import verdict
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.overlaps import apart
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.requests import Change
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.situation import (
    Governance,
    Launcher,
    Lock,
    Run,
    UnderWay,
)
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.telling import sentences
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.words import KINDS
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.plugins.module_utils.policy.change.worlds import CHANGE, NOW, POLICY, governance, laid, plan, run

HOUR = timedelta(hours=1)
HALF = UnderWay("CHG-2", "hal", "2026-03-10T22:00:00Z", "site.yml failed after 3 changes, as entry 12 says")


def other(kind: str = "migration", **more: Any) -> Change:
    return replace(CHANGE, **{"id": "CHG-2", "where": "changes/CHG-2.yml:2", "kind": kind, **more})


def company(mine: Change = CHANGE, **theirs: Any) -> Governance:
    return governance(changes={mine.id: mine, "CHG-2": other(**theirs)})


def test_one_that_is_half_way_stops_what_may_not_be_beside_it() -> None:
    found = verdict(company(), run(under_way=(HALF,)))
    (said,) = found.reasons
    assert said == (
        "overlap: expected no migration beside patch, found CHG-2 by hal since 2026-03-10T22:00:00Z, site.yml failed "
        "after 3 changes, as entry 12 says; let it be finished, or say in changes/CHG-2.yml:2 that it is done or "
        "withdrawn"
    )
    assert verdict(company(), run()).ok


@pytest.mark.parametrize(
    ("mine", "theirs", "together"),
    [("patch", "patch", True), ("patch", "migration", False), ("migration", "drill", False), ("drill", "drill", False)],
)
def test_whoever_comes_first(mine: str, theirs: str, together: bool) -> None:
    for first, second in ((mine, theirs), (theirs, mine)):
        change = replace(CHANGE, kind=first)
        found = verdict(company(change, kind=second), run(plan(change), under_way=(HALF,)))
        assert found.ok is together, found.reasons


@pytest.mark.parametrize(
    "more",
    [
        {"state": "done"},
        {"state": "withdrawn"},
        {"environment": "staging"},
        {"kind": "release-core"},
        {"id": CHANGE.id},
        {"id": "CHG-3"},
    ],
    ids=["done", "withdrawn", "elsewhere", "of another kind", "the same", "not under way"],
)
def test_what_stops_nothing(more: dict[str, Any]) -> None:
    found = other(**more)
    under_way = (replace(HALF, change=CHANGE.id if found.id == CHANGE.id else "CHG-2"),)
    laid_down = governance(changes={found.id: found, CHANGE.id: CHANGE})
    assert verdict(laid_down, run(under_way=under_way)).ok


def test_a_tier_minds_for_its_own_instances_alone() -> None:
    """The rule for critical ones minds migrations; harbor is standard, and its rule minds none."""
    change = replace(CHANGE, instances=("harbor",))
    assert not apart(company(change), plan(change))
    assert apart(company(), plan())


@pytest.mark.parametrize(
    ("begun", "ok"),
    [("", False), ("2026-03-10T21:00:00Z", True), ("2026-03-10T22:00:00Z", True), ("2026-03-10T23:00:00Z", False)],
    ids=["not yet", "first", "at once", "second"],
)
def test_of_two_that_stand_half_way_the_first_goes_on(begun: str, ok: bool) -> None:
    assert verdict(company(), run(under_way=(HALF,), begun=begun)).ok is ok


def glass(**more: Any) -> Run:
    return run(break_glass="orders cannot be saved", persons="", launcher=Launcher("flo", "signature"), **more)


def test_break_glass_goes_over_it_only_where_the_policy_says_so_and_never_over_the_lock() -> None:
    assert not verdict(company(), glass(under_way=(HALF,))).ok
    skipping = POLICY.replace("skips: [window, approvals]", "skips: [window, approvals, overlap]")
    laid_down = replace(company(), policy=laid(skipping))
    found = verdict(laid_down, glass(under_way=(HALF,)))
    assert (found.ok, found.facts["skipped"]) == (True, ["window", "approvals", "overlap"])
    held = Lock("CHG-2", "hal", NOW + HOUR)
    assert not verdict(laid_down, glass(under_way=(HALF,), lock=held)).ok
    assert not verdict(laid_down, run(under_way=(HALF,))).ok


@pytest.mark.parametrize(
    ("theirs", "mine", "told"),
    [
        (None, None, False),
        ((0, 4), None, True),
        ((-4, 0), None, False),
        ((1, 4), None, False),
        ((1, 4), (-1, 2), True),
        ((2, 4), (-1, 2), False),
    ],
    ids=["no wish", "now", "over", "after this one", "in the same night", "behind it"],
)
def test_one_that_wishes_the_same_time_is_told_and_stops_nothing(
    theirs: tuple[int, int] | None, mine: tuple[int, int] | None, told: bool
) -> None:
    def window(hours: tuple[int, int] | None) -> tuple[datetime, datetime] | None:
        return (NOW + hours[0] * HOUR, NOW + hours[1] * HOUR) if hours else None

    asked = run()
    found = verdict(company(replace(CHANGE, window=window(mine)), window=window(theirs)), asked)
    said = "CHG-2 (migration) wishes to run from "
    assert found.ok
    assert (said in sentences(found, asked.plan)) is told
    assert [one.startswith(said) for one in found.facts["beside"]] == [True] * told


CHANGES = st.builds(
    lambda kind, instances, state: other(kind, instances=tuple(sorted(instances)), state=state),
    st.sampled_from(KINDS),
    st.sets(st.sampled_from(["lakeland", "harbor"])),
    st.sampled_from(["open", "open", "done"]),
)


@given(CHANGES, CHANGES)
def test_of_two_changes_each_minds_the_other_or_neither_does(one: Change, two: Change) -> None:
    one, two = replace(one, id="CHG-1", state="open"), replace(two, state="open")
    laid_down = governance(changes={one.id: one, two.id: two})
    assert bool(apart(laid_down, plan(one))) is bool(apart(laid_down, plan(two)))


@given(CHANGES, st.booleans())
def test_what_is_under_way_never_opens_it_and_closes_it_where_the_two_are_apart(found: Change, begun: bool) -> None:
    laid_down = governance(changes={CHANGE.id: CHANGE, found.id: found})
    judged = verdict(laid_down, run(under_way=(HALF,) if begun else ()))
    assert judged.ok is not (begun and found.id in apart(laid_down, plan()))
