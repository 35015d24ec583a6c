# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.calendar import Event
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.gate import verdict
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.requests import Waiver
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.situation import (
    Evidence,
    Launcher,
    Lock,
    Ran,
    Recorder,
    Review,
    Run,
)
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.words import Part, Scope, Target

from tests.unit.plugins.module_utils.policy.change.worlds import (
    CHANGE,
    COMMIT,
    HOUR,
    NOW,
    POLICY,
    SECOND,
    WINDOW,
    approval,
    backup,
    governance,
    laid,
    plan,
    run,
)

RAN = (Ran("flo", "r0", "x"), Ran("hal", "r1", "y"))
FREEZE = Event("freeze", "Month end", "calendars/f.ics:4", ((SECOND - HOUR, SECOND + HOUR),))
SOON = replace(FREEZE, spans=((SECOND + HOUR // 2, SECOND + HOUR),))


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


def test_a_run_that_has_everything_may_run() -> None:
    found = verdict(governance(), run())
    assert found.reasons == ()
    assert found.facts == {
        "at": "2026-03-10T23:00:00+00:00",
        "commit": "f" * 40,
        "plan": plan().digest,
        "rules": ["policy.yml:11"],
        "approvals": {"ada": "release-manager", "ben": "business-owner", "dan": "business-owner"},
        "approvals_refused": [],
        "evidence": ["backup: backup 20260310"],
        "waivers": [],
        "frozen": [],
        "closes": "2026-03-11T02:00:00+00:00",
        "next_opening": "2026-03-10T23:00:00+00:00",
        "break_glass": None,
        "skipped": [],
        "review": None,
        "beside": [],
        "about": {
            "title": "Kernel",
            "reason": "",
            "kind": "patch",
            "environment": "production",
            "instances": ("lakeland",),
            "requester": "gus",
            "risk": "medium",
        },
    }


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        pytest.param(
            {"now": NOW - hours(2)}, "window: expected one that is open now for instance lakeland", id="early"
        ),
        pytest.param(
            {"now": NOW + hours(2.1)}, "window: expected 60 min that are left, found that the window", id="late"
        ),
        pytest.param({"persons": "ada ben"}, "approvals: expected 2 by business-owner, found 1", id="too few"),
        pytest.param({"persons": ""}, "approvals: expected 1 by release-manager, found none", id="none"),
        pytest.param({"persons": "ada ben gus"}, "gus does not count: who requests a change cannot", id="requester"),
        pytest.param(
            {"persons": "ada ben dan", "launcher": Launcher("dan", "awx")},
            "dan does not count: who launches a run cannot approve it",
            id="launcher",
        ),
        pytest.param({"launcher": Launcher()}, "launcher: expected to be known from AWX or by a signature", id="who"),
        pytest.param({"launcher": Launcher("eve", "user")}, "launcher: expected to be known from AWX", id="says who"),
        pytest.param({"launcher": Launcher("zoe", "awx")}, "launcher: expected somebody of approvers/people", id="new"),
        pytest.param(
            {"launcher": Launcher("ben", "awx")}, "launcher: expected a role of engineer, found ben", id="role"
        ),
        pytest.param(
            {"evidence": ()}, "evidence: expected backup no older than 24 h of lakeland, found none", id="bare"
        ),
        pytest.param(
            {"evidence": (Evidence("backup", NOW - hours(25), ok=True),)}, "which is 25 h old", id="old evidence"
        ),
        pytest.param(
            {"evidence": (Evidence("backup", NOW - hours(2), ok=True), Evidence("backup", NOW - hours(1), ok=False))},
            "found one of 2026-03-10T22:00:00+00:00, which failed",
            id="the newest failed",
        ),
        pytest.param(
            {"evidence": (Evidence("backup", NOW + hours(1), ok=True),)}, "still to come: mend the clocks", id="future"
        ),
        pytest.param(
            {"evidence": (Evidence("backup", NOW, ok=True, instances=frozenset({"harbor"})),)},
            "evidence: expected backup no older than 24 h of lakeland, found none",
            id="of another instance",
        ),
        pytest.param(
            {"evidence": (backup(recovery_point=NOW - hours(0.3)),)},
            "of lakeland, found a recovery point 18 min back, beyond the RPO of 5 min",
            id="WAL that waits",
        ),
        pytest.param(
            {"evidence": (backup(recovery_point=None),)},
            "of lakeland, found no recovery point with it, of which an RPO of 5 min has to be judged",
            id="WAL that nobody knows of",
        ),
        pytest.param(
            {"lock": Lock("CHG-2", "hal", NOW + hours(1))}, "lock: expected to be free, found CHG-2 by hal", id="lock"
        ),
        pytest.param(
            {"lock": Lock("CHG-1", "hal", NOW + hours(1))}, "lock: expected to be free, found CHG-1 by hal", id="twice"
        ),
        pytest.param({"recorder": Recorder()}, "recorder: expected to be loaded, found it missing", id="recorder"),
        pytest.param(
            {"recorder": Recorder(loaded=True, fault="line 7 altered")}, "ledger: expected to be whole", id="ledger"
        ),
        pytest.param(
            {"recorder": Recorder(loaded=True, spool=True)}, "ledger: expected to be reached", id="only the spool"
        ),
        pytest.param(
            {"reviews": (Review("CHG-0", RAN, NOW - hours(9), NOW + hours(9)),)},
            "which flo ran because 'x' and hal ran because 'y', to be reviewed, found it open, due by 2026-03-11",
            id="review",
        ),
        pytest.param(
            {"clocks": {"node1": 0.2, "node2": -3.0}},
            "clocks: expected node2 within 2 s of this one, found it -3.0 s off; mend its time service",
            id="clocks",
        ),
    ],
)
def test_each_reason_alone_closes_it(more: dict[str, Any], reason: str) -> None:
    found = verdict(governance(), run(**more))
    assert not found.ok
    assert any(reason in said for said in found.reasons), found.reasons


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"target": Target("production", "drill", plan().target.parts)}, "plan: expected kind patch as CHG-1 says"),
        ({"target": Target("staging", "patch", plan().target.parts)}, "plan: expected environment production as CHG-1"),
        (
            {"target": Target("production", "patch", (*plan().target.parts, Part("harbor", "pilot")))},
            "plan: expected nothing but what CHG-1 names, found instance harbor, ring pilot",
        ),
        ({"target": Target("production", "patch")}, "plan: expected nothing but what CHG-1 names, found the estate"),
        ({"commit": "d" * 40}, "policy or change were altered since: make the plan anew and have it approved"),
        ({"commit": ""}, "plan: expected to stand on commit cccccccccccc, found none"),
        ({"rollback": " "}, "plan: expected a way back, found none"),
        ({"change": "CHG-9"}, "change: expected CHG-9 in changes/, found none at commit ffffffffffff"),
        (
            {"rollback_seconds": 3601},
            "tier: expected lakeland (critical) to be back within 60 min, found a rollback of",
        ),
        ({"outage_seconds": 3601}, "found an outage of 3601 s"),
    ],
)
def test_a_plan_that_is_not_the_change(more: dict[str, Any], reason: str) -> None:
    found = verdict(governance(), run(plan(**more)))
    assert any(reason in said for said in found.reasons), found.reasons


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"state": "withdrawn"}, "change: expected CHG-1 to be open, found it withdrawn (changes/CHG-1.yml:1)"),
        ({"state": "done"}, "found it done"),
        ({"window": (NOW + hours(1), NOW + hours(2))}, "change: expected to run from 2026-03-11T00:00:00+00:00 to"),
        ({"window": (NOW - hours(1), NOW)}, "as CHG-1 asks, found 2026-03-10T23:00:00+00:00"),
        ({"requester": "ada"}, "the one of ada does not count: who requests a change cannot approve it"),
    ],
)
def test_a_change_that_is_not_for_now(more: dict[str, Any], reason: str) -> None:
    found = verdict(governance(changes={"CHG-1": replace(CHANGE, **more)}), run())
    assert any(reason in said for said in found.reasons), found.reasons


def test_all_reasons_are_given_at_once() -> None:
    bare = run(plan(commit="", rollback=""), "", evidence=(), recorder=Recorder(), launcher=Launcher())
    found = verdict(governance(FREEZE, changes={}), bare)
    subjects = {said.partition(":")[0] for said in found.reasons}
    assert subjects == {"change", "freeze", "window", "approvals", "launcher", "evidence", "recorder"}


def test_no_rule_is_no() -> None:
    change = replace(CHANGE, environment="qa")
    found = verdict(governance(changes={"CHG-1": change}), run(plan(change)))
    assert found.reasons == ("policy: expected a rule for patch in qa with tier critical, found none",)


def test_several_tiers_need_what_each_asks() -> None:
    change = replace(CHANGE, instances=("lakeland", "harbor"))
    both = plan(change)
    assert verdict(governance(changes={"CHG-1": change}), run(both)).ok
    found = verdict(governance(changes={"CHG-1": change}), run(both, "ada"))
    assert found.reasons == ("approvals: expected 2 by business-owner, found none",)
    assert found.facts["rules"] == ["policy.yml:11", "policy.yml:21"]
    lower = replace(CHANGE, instances=("harbor",))
    assert verdict(governance(changes={"CHG-1": lower}), run(plan(lower), "ada", evidence=())).ok


def test_a_change_of_no_instance_may_concern_any_tier() -> None:
    change = replace(CHANGE, instances=())
    found = verdict(governance(changes={"CHG-1": change}), run(plan(change), "ada", evidence=()))
    assert found.reasons == (
        "approvals: expected 2 by business-owner, found none",
        "evidence: expected backup no older than 24 h of the estate, found none",
    )


def test_evidence_that_has_to_have_held() -> None:
    policy = laid(
        POLICY.replace("kind: backup, max_age_hours: 24", "kind: lower_ring_healthy, max_age_hours: 1, held_hours: 48")
    )
    for since, reason in ((NOW - hours(49), ""), (NOW - hours(47), "true since 2026-03-09"), (None, "nobody knows")):
        seen = Evidence("lower_ring_healthy", NOW, ok=True, since=since, reference="pilot")
        found = verdict(governance(policy=policy), run(evidence=(seen,)))
        assert found.ok is (not reason)
        assert found.ok or any(reason in said for said in found.reasons)


def waiver(waives: str, **more: Any) -> Waiver:
    made = Waiver(
        "WVR-1", "", "ada", "the vendor is late", NOW + hours(1), frozenset({waives}), frozenset({"production"})
    )
    return replace(made, **more)


@pytest.mark.parametrize(
    ("found", "ok"),
    [
        (waiver("evidence:backup"), True),
        (waiver("evidence:backup", instances=frozenset({"lakeland"}), kinds=frozenset({"patch"})), True),
        (waiver("evidence:backup", expires=NOW), False),
        (waiver("evidence:backup", environments=frozenset({"staging"})), False),
        (waiver("evidence:backup", instances=frozenset({"harbor"})), False),
        (waiver("evidence:backup", kinds=frozenset({"drill"})), False),
        (waiver("evidence:scan"), False),
        (waiver("window"), False),
    ],
)
def test_a_waiver_excuses_what_it_says_until_it_expires(found: Waiver, ok: bool) -> None:
    answer = verdict(governance(waivers=(found,)), run(evidence=()))
    assert answer.ok is ok
    assert answer.facts["waivers"] == (["WVR-1 of ada: the vendor is late"] if ok else [])


def test_a_waiver_of_the_window_is_none_of_a_freeze() -> None:
    waived = (waiver("window"),)
    elsewhere = replace(WINDOW, scope=Scope({"site": frozenset({"south"})}))
    found = verdict(governance(elsewhere, waivers=waived), run())
    assert found.ok
    assert found.facts["waivers"] == ["WVR-1 of ada: the vendor is late"]
    assert verdict(governance(waivers=waived), run()).facts["waivers"] == [], "there was nothing to excuse"
    assert not verdict(governance(FREEZE, waivers=waived), run()).ok
    assert not verdict(governance(elsewhere, SOON, waivers=waived), run()).ok


def glass(person: str = "flo", reason: str = "orders cannot be saved", **more: Any) -> Run:
    said = {"persons": "", "now": NOW + hours(9), "launcher": Launcher(person, "signature"), **more}
    return run(break_glass=reason, **said)


def test_break_glass_skips_windows_and_approvals() -> None:
    found = verdict(governance(), glass())
    assert found.ok, found.reasons
    assert (found.facts["break_glass"], found.facts["skipped"]) == ("orders cannot be saved", ["window", "approvals"])
    assert found.facts["review"] == {"roles": ["release-manager"], "due": "2026-03-14T08:00:00+00:00"}


@pytest.mark.parametrize(
    ("of", "reason"),
    [
        (glass(reason=" "), "break-glass: expected a reason, found none"),
        (glass("ada"), "break-glass: expected a role of commander, found ada without"),
        (glass("flo", launcher=Launcher()), "launcher: expected to be known"),
        (glass(evidence=()), "evidence: expected backup"),
        (glass(recorder=Recorder()), "recorder: expected to be loaded"),
        (glass(recorder=Recorder(loaded=True, fault="x")), "ledger: expected to be whole"),
        (glass(lock=Lock("CHG-2", "hal", NOW + hours(99))), "lock: expected to be free"),
        (glass(of=plan(rollback="")), "plan: expected a way back"),
        (glass(now=NOW), "freeze: freeze 'Month end' (calendars/f.ics:4) is on until"),
    ],
)
def test_what_break_glass_does_not_skip(of: Run, reason: str) -> None:
    found = verdict(governance(WINDOW, FREEZE), of)
    assert any(reason in said for said in found.reasons), found.reasons


def test_break_glass_in_a_freeze_only_where_the_policy_says_so() -> None:
    policy = laid(POLICY.replace("skips: [window, approvals]", "skips: [window, freeze, approvals]"))
    assert verdict(governance(FREEZE, policy=policy), glass(now=NOW)).ok
    assert not verdict(governance(FREEZE, policy=policy), glass("ada", now=NOW)).ok
    assert not verdict(governance(FREEZE, policy=policy), run()).ok


def test_break_glass_that_is_not_foreseen_skips_nothing() -> None:
    policy = laid(POLICY[: POLICY.index("break_glass:")])
    found = verdict(governance(policy=policy), glass())
    assert "break-glass: expected to be foreseen for production, found no rule in the policy" in found.reasons
    assert {said.partition(":")[0] for said in found.reasons} == {"break-glass", "approvals", "window", "launcher"}


def test_break_glass_runs_with_the_spool_and_before_the_last_one_was_reviewed() -> None:
    reviews = (Review("CHG-0", RAN, NOW, NOW),)
    assert verdict(governance(), glass(recorder=Recorder(loaded=True, spool=True), reviews=reviews)).ok


def test_development_may_let_everything_through_and_still_records() -> None:
    change = replace(CHANGE, environment="development")
    free = run(plan(change), "", evidence=(), launcher=Launcher("ada", "awx"))
    world = governance(changes={"CHG-1": change})
    assert verdict(world, free).ok
    assert not verdict(world, replace(free, recorder=Recorder())).ok
    assert not verdict(world, replace(free, launcher=Launcher())).ok


def test_what_remains_gets_less_with_every_step() -> None:
    late = run(now=NOW + hours(2.2))
    assert not verdict(governance(), late).ok
    assert verdict(governance(), replace(late, done=frozenset({"restart"}))).ok


def test_a_calendar_that_changes_while_a_run_is_under_way() -> None:
    """The plan stays what was approved; the freeze that came with a later commit still stops the next step."""
    first = verdict(governance(), run())
    assert first.ok
    later = run(now=NOW + hours(0.25), done=frozenset({"drain"}))
    assert verdict(governance(), later).ok
    altered = replace(governance(WINDOW, SOON), commit="e" * 40)
    found = verdict(altered, later)
    assert found.reasons == (
        (
            "window: expected 50 min that are left, found that freeze 'Month end' (calendars/f.ics:4) begins "
            "at 2026-03-10 23:30 UTC"
        ),
    )
    assert (found.facts["plan"], found.facts["commit"]) == (first.facts["plan"], "e" * 40)
    assert found.facts["next_opening"] == "2026-03-11T00:00:00+00:00"


def test_a_policy_that_changes_while_a_run_is_under_way() -> None:
    found = verdict(governance(grounds={"CHG-1": "e" * 40}), run(done=frozenset({"drain"})))
    assert found.reasons == (
        (
            f"plan: expected to stand on commit eeeeeeeeeeee, found {COMMIT[:12]}; policy or change were altered "
            "since: make the plan anew and have it approved"
        ),
    )


def test_approvals_may_be_given_days_ahead_of_another_commit() -> None:
    early = tuple(approval(person, plan(), given=NOW - hours(24 * 9)) for person in ("ada", "ben", "dan"))
    assert verdict(replace(governance(), commit="9" * 40), run(approvals=early)).ok
