# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for the gate whatever it is told."""

from __future__ import annotations

import itertools
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy.change.approvals import Approval
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.calendar import Calendars, Event, opening
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.gate import verdict
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.plan import Plan, Step
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.situation import Launcher, Run
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.spans import Span, at, common, union, without
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.words import Part, Scope, Target
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tests.unit.plugins.module_utils.policy.change.worlds import (
    HOUR,
    NOW,
    PEOPLE,
    SECOND,
    approval,
    governance,
    plan,
    run,
)

MOMENTS = st.integers(SECOND - 6 * HOUR, SECOND + 6 * HOUR)
SPANS = st.lists(st.tuples(MOMENTS, st.integers(1, 6 * HOUR)).map(lambda one: (one[0], one[0] + one[1])), max_size=5)
SCOPES = st.fixed_dictionaries(
    {},
    optional={
        "site": st.sets(st.sampled_from(["north", "south"]), min_size=1).map(frozenset),
        "kind": st.sets(st.sampled_from(["patch", "drill"]), min_size=1).map(frozenset),
        "instance": st.sets(st.sampled_from(["lakeland", "harbor"]), min_size=1).map(frozenset),
    },
).map(Scope)
EVENTS = st.lists(
    st.builds(Event, st.sampled_from(["window", "freeze"]), st.just("x"), st.just("x.ics:1"), SPANS.map(tuple), SCOPES),
    max_size=6,
)
TARGET = plan().target
APPROVALS = st.lists(
    st.builds(
        lambda person, decision, hours: approval(
            person, plan(), decision=decision, given=datetime.fromtimestamp(SECOND - hours * HOUR, UTC)
        ),
        st.sampled_from(sorted(PEOPLE.roles)),
        st.sampled_from(["approve", "approve", "approve", "withdraw"]),
        st.integers(-1, 9),
    ),
    max_size=8,
)
OPEN = Event("window", "w", "w.ics:1", ((SECOND, SECOND + HOUR),))
FROZEN = Event("freeze", "f", "f.ics:1", ((SECOND, SECOND + 1),))
FULL = [approval(person, plan()) for person in ("ada", "ben", "dan")]


def when(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)


@given(EVENTS, MOMENTS, APPROVALS)
@example(
    [Event("window", "w", "", ((SECOND, SECOND + HOUR),)), Event("freeze", "f", "", ((SECOND, SECOND + 1),))],
    SECOND,
    [],
)
def test_it_never_opens_inside_a_freeze(events: list[Event], second: int, more: list[Approval]) -> None:
    found = verdict(governance(*events), run(approvals=(*FULL, *more), now=when(second)))
    frozen = [one for one in events if one.effect == "freeze" and one.scope.touches(TARGET)]
    if any(at(one.spans, second) for one in frozen):
        assert not found.ok


@given(EVENTS, MOMENTS, st.sets(st.sampled_from(["drain", "restart"])))
def test_it_never_opens_where_a_freeze_begins_before_the_end(events: list[Event], second: int, done: set[str]) -> None:
    asked = run(now=when(second), done=frozenset(done))
    found = verdict(governance(*events), asked)
    last = second + asked.plan.remaining_seconds(done) + 1800
    frozen = [one for one in events if one.effect == "freeze" and one.scope.touches(TARGET)]
    if any(start < last and end > second for one in frozen for start, end in one.spans):
        assert not found.ok


@given(EVENTS, MOMENTS)
def test_without_a_window_it_stays_closed_and_says_when_next(events: list[Event], second: int) -> None:
    found = verdict(governance(*events), run(now=when(second)))
    windows = [one for one in events if one.effect == "window" and one.scope.covers(TARGET, TARGET.parts[0])]
    if events and not any(at(one.spans, second) for one in windows):
        assert not found.ok
    later = found.facts["next_opening"]
    if later:
        then = verdict(governance(*events), run(now=datetime.fromisoformat(later)))
        assert not [said for said in then.reasons if said.startswith(("window", "freeze"))]


@given(APPROVALS, st.integers(0, 7))
def test_removing_an_approval_never_opens_it(given_ones: list[Approval], index: int) -> None:
    assume(given_ones)
    removed = given_ones[index % len(given_ones)]
    assume(removed.decision == "approve")
    fewer = [one for one in given_ones if one is not removed]
    if verdict(governance(), run(approvals=tuple(fewer))).ok:
        assert verdict(governance(), run(approvals=tuple(given_ones))).ok


@given(APPROVALS)
def test_it_opens_only_for_enough_people_who_neither_ask_nor_launch(given_ones: list[Approval]) -> None:
    found = verdict(governance(), run(approvals=tuple(given_ones)))
    persons = {one.person for one in given_ones if one.decision == "approve"} - {"gus", "eve"}
    if found.ok:
        assert len(persons) >= 3
        assert len(persons & {"ben", "cyd", "dan"}) >= 2
        assert persons & {"ada", "cyd"}


TEXTS = st.text(max_size=12)
ALTERED = {
    "change": TEXTS,
    "playbook": TEXTS,
    "estate": TEXTS,
    "target": st.builds(
        Target,
        st.sampled_from(["production", "staging"]),
        st.sampled_from(["patch", "drill"]),
        st.lists(st.builds(Part, TEXTS, TEXTS, TEXTS, TEXTS), min_size=1, max_size=3).map(tuple),
    ),
    "commit": TEXTS,
    "steps": st.lists(
        st.builds(Step, TEXTS, st.tuples(TEXTS), st.tuples(TEXTS), TEXTS, st.integers(0, 600)), max_size=3
    ).map(tuple),
    "rollback": TEXTS,
    "given": st.dictionaries(TEXTS, TEXTS, max_size=2),
    "before": st.dictionaries(TEXTS, TEXTS, max_size=2),
    "after": st.dictionaries(TEXTS, TEXTS, max_size=2),
    "no_return": TEXTS,
    "outage_seconds": st.integers(0, 600),
    "rollback_seconds": st.integers(0, 600),
}


def test_every_part_of_a_plan_is_altered_below() -> None:
    assert set(ALTERED) == {one.name for one in fields(Plan)}


@given(st.fixed_dictionaries({}, optional=ALTERED))
def test_any_change_of_the_plan_closes_it(altered: dict[str, Any]) -> None:
    other = replace(plan(), **altered)
    assert verdict(governance(), run(approvals=tuple(FULL))).ok
    found = verdict(governance(), replace(run(), plan=other, approvals=tuple(FULL)))
    assert found.ok is (other == plan())


@given(st.text(max_size=8), st.text(max_size=8))
def test_nobody_launches_unknown(person: str, proof: str) -> None:
    known = person in PEOPLE and proof in ("awx", "signature")
    found = verdict(governance(), run(launcher=Launcher(person, proof)))
    assert known or not found.ok


def seconds(spans: list[Span]) -> set[int]:
    return {second for start, end in spans for second in range(start, end)}


SMALL = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=6)


@given(SMALL, SMALL)
def test_spans_are_sets_of_seconds(one: list[Span], other: list[Span]) -> None:
    first, second = union(one), union(other)
    assert seconds(first) == seconds(one)
    assert seconds(common(first, second)) == seconds(one) & seconds(other)
    assert seconds(without(first, second)) == seconds(one) - seconds(other)
    assert all(start < end for start, end in first)
    assert all(left[1] < right[0] for left, right in itertools.pairwise(first))


@settings(max_examples=50)
@given(EVENTS, MOMENTS, st.integers(0, 4 * HOUR), st.booleans())
def test_the_time_that_is_open_is_open_until_it_closes(
    events: list[Event], second: int, needed: int, window: bool
) -> None:
    calendars = Calendars(tuple(events), (SECOND - 1000 * HOUR, SECOND + 1000 * HOUR))
    found = opening(calendars, TARGET, now=when(second), needed_seconds=needed, window=window)
    if not found.objections:
        assert found.closes is None or found.closes.timestamp() - second >= needed
        again = opening(calendars, TARGET, now=when(second + needed), needed_seconds=0, window=window)
        assert not again.objections or (found.closes and found.closes == when(second + needed))


def test_the_run_that_these_alter_is_open() -> None:
    assert verdict(governance(), Run(**vars(run()))).ok
    assert run().now == NOW


def test_only_of_hosts_that_need_not_answer_or_are_done_no_clock_has_to_be_known() -> None:
    assert verdict(governance(), run(clocks={}, away=frozenset({"node1"}))).ok
    assert verdict(governance(), run(clocks={}, done=frozenset({"drain", "restart"}))).ok
    found = verdict(governance(), run(clocks={}, done=frozenset({"drain"}))).reasons
    assert len(found) == 1
    assert found[0].startswith(
        "clocks: expected to know those of all hosts of the plan, found none of node1; have host_"
    )
