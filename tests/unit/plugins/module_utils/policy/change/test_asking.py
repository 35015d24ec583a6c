# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict
from ansible_collections.erpops.estate.plugins.module_utils.policy.change import asking, kept
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.gate import verdict
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.kept import Governed
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.review import Closed, reviewed
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.situation import (
    Evidence,
    Launcher,
    Ran,
    Review,
)
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.telling import sentences
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.words import Target
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_model import Inventory

from tests.unit.plugins.module_utils.policy.change.worlds import (
    HOUR,
    NOW,
    PEOPLE,
    RULES,
    approval,
    governance,
    plan,
    run,
)

MINUTE = timedelta(minutes=1)


def test_what_the_plan_does_not_have_cannot_be_done() -> None:
    assert asking.undone(plan(), ["drain"]) == []
    said = "done: expected steps of the plan, found reboot"
    assert asking.undone(plan(), ["reboot", "drain", "reboot"]) == [said]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, []),
        (
            {"unresolved": {"estate_governance": "x is not defined"}},
            ["estate_governance: expected to be resolved, found x is not defined"],
        ),
        ({"misfits": {"estate_name": ["no text"]}}, ["estate_name: expected to be resolved, found no text"]),
        (
            {"hosts": {"a": {"estate_governance": {}}, "b": {"estate_governance": {"directory": "/x"}}}},
            ["estate_governance: expected the same for all hosts, found several values; set it in group_vars/all"],
        ),
    ],
)
def test_an_inventory_that_does_not_say_where_it_is_is_not_believed(more: dict[str, Any], said: list[str]) -> None:
    hosts = {"a": {"estate_name": "lab"}, "b": {"estate_name": "lab"}}
    groups = {"estate": ["a", "b"]}
    assert asking.unclear(Inventory(**{"groups": groups, "hosts": hosts, **more})) == said


def test_a_plan_for_another_place_does_not_run_here() -> None:
    assert asking.elsewhere(plan(), "shared", "production") == []
    assert asking.elsewhere(plan(), "lab", "staging") == [
        "plan: expected estate lab, found shared",
        "plan: expected environment staging, found production",
    ]


def test_an_estate_does_not_become_another_environment_unseen() -> None:
    for governed in (Governed(), Governed("c", "production")):
        assert asking.relabelled(governed, "production") == []
    (said,) = asking.relabelled(Governed("c", "production"), "development")
    assert "expected production, as which this estate was governed last, found development;" in said


@pytest.mark.parametrize(
    ("environment", "governed", "objections", "said"),
    [
        ("development", "", [], ""),
        ("qa", "", [], "governance: expected to be laid down for qa, found nothing; copy inventories/governance"),
        ("production", "", [], "governance: expected to be laid down for production"),
        ("development", "c" * 40, [], "by which this estate was governed at commit cccccccccccc, found none"),
        ("development", "", ["variables: x"], "variables: x"),
    ],
)
def test_without_governance_nothing_but_development_runs(
    environment: str, governed: str, objections: list[str], said: str
) -> None:
    found = asking.ungoverned(plan(), environment, Governed(governed), objections, NOW)
    assert found.ok is not bool(said)
    assert not said or said in found.reasons[0]
    assert ("nothing has to be" in sentences(found, plan())) is found.ok


def test_evidence_from_a_playbook() -> None:
    found = asking.evidence_of(
        [
            {"kind": "backup", "taken": NOW.isoformat(), "ok": True, "instances": ["lakeland"], "since": None},
            {"kind": "backup", "taken": NOW.isoformat(), "ok": True, "recovery_point": NOW.isoformat()},
        ]
    )
    assert found == (
        Evidence("backup", NOW, ok=True, instances=frozenset({"lakeland"})),
        Evidence("backup", NOW, ok=True, recovery_point=NOW),
    )


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"kind": "promise"}, "evidence[0]: expected backup, restore_test,"),
        ({"taken": "yesterday"}, "evidence[0].taken: expected a time such as"),
        ({"since": "2026-03-10T23:00"}, "evidence[0].since: expected a time with its zone"),
        ({"recovery_point": "now"}, "evidence[0].recovery_point: expected a time such as"),
    ],
)
def test_what_is_no_evidence(more: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match="evidence") as caught:
        asking.evidence_of([{"kind": "backup", "taken": NOW.isoformat(), "ok": True, **more}])
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"objections": ("variables: x",)}, "variables: x"),
        ({"lock_fault": "etcd; expected an answer"}, "lock: expected to be seen, found etcd; expected an answer; only"),
        ({"persons": "", "unread": ("approvals: x.json",)}, "approvals: x.json"),
        ({"launcher": Launcher(refused=("launcher: the launch of eve",))}, "launcher: the launch of eve"),
    ],
)
def test_what_was_found_on_the_way_closes_the_gate(more: dict[str, Any], reason: str) -> None:
    found = verdict(governance(), run(**more))
    assert any(said.startswith(reason) for said in found.reasons), found.reasons


def test_a_file_that_cannot_be_read_stands_against_nothing_that_is_approved() -> None:
    assert verdict(governance(), run(unread=("approvals: x.json",))).ok


def test_a_plan_that_touches_nothing_is_none() -> None:
    """It would need no window and meet no freeze."""
    found = verdict(governance(), run(plan(target=Target("production", "patch", ()))))
    assert "plan: expected to say what it touches, found nothing" in found.reasons


def test_the_lock_lasts_twice_as_long_as_what_is_left_and_some_more() -> None:
    lease = kept.lock_wanted(plan(), kept.owner_of("eve", "r1"), (), NOW)
    assert (lease.name, lease.reason, lease.expires - NOW) == ("shared", "CHG-1", 90 * MINUTE)
    assert kept.lock_wanted(plan(), "x", {"restart"}, NOW).expires - NOW == 50 * MINUTE
    assert kept.owned_by(lease, "r1")
    assert not kept.owned_by(lease, "1")
    assert not kept.owned_by(lease, "")
    lock = kept.lock_of(lease)
    assert lock is not None
    assert (lock.change, lock.owner) == ("CHG-1", "eve, run r1")
    assert kept.lock_of(None) is None


def test_records_come_back_as_they_were() -> None:
    ran = Ran("flo", "r1", "orders cannot be saved"), Ran("hal", "r2", "nobody gets in")
    review = Review("CHG-0", ran, NOW, NOW + MINUTE, "sha256:1")
    assert kept.load_review(kept.dump_review(review)) == review
    assert kept.load_governed(kept.dump_governed(Governed("c", "qa"))) == Governed("c", "qa")
    for text in ("", "[]", "{}", '{"x": 1}', kept.dump_review(review).replace('"reason"', '"x"')):
        with pytest.raises(ValueError, match="expected a review, found"):
            kept.load_review(text)
    for text in ("", "[]", '{"x": 1}'):
        with pytest.raises(ValueError, match="expected the commit that governs, found"):
            kept.load_governed(text)


OPEN = Review("CHG-1", (Ran("flo"),), NOW, NOW + 72 * 60 * MINUTE, plan().digest)


@pytest.mark.parametrize(
    ("person", "more", "why"),
    [
        ("ada", {}, ""),
        ("flo", {}, "review: expected somebody else than flo to close that of CHG-1, who ran it"),
        ("eve", {}, "review: expected a role of release-manager to close that of CHG-1, found eve without"),
        ("ada", {"fault": "forged"}, "review: what ada signed about CHG-1 does not count: forged"),
        ("ada", {"change": "CHG-2"}, "does not count: it is for change CHG-2"),
        ("ada", {"given": NOW - MINUTE}, "review: expected that of CHG-1 to be closed after it was opened"),
        ("ada", {"given": NOW + 3 * MINUTE}, "review: expected that of CHG-1 to be closed after it was opened"),
        ("ada", {"plan": "sha256:0"}, "nothing"),
        ("ada", {"decision": "approve"}, "nothing"),
    ],
)
def test_who_closes_a_review(person: str, more: dict[str, Any], why: str) -> None:
    one = replace(approval(person, plan(), decision="review", given=NOW + MINUTE), **more)
    found = reviewed([OPEN], [one], RULES.break_glass["production"], PEOPLE, NOW + 2 * MINUTE)
    assert (found.open, found.closed) == (((), (Closed(OPEN, "ada", NOW + MINUTE),)) if not why else ((OPEN,), ()))
    assert (why in " ".join(found.refused)) or why == "nothing"
    assert bool(found.refused) is (why not in ("", "nothing"))


def test_of_several_who_looked_at_it_the_first_has_closed_it() -> None:
    given = [approval(one, plan(), decision="review", given=NOW + MINUTE * at) for one, at in (("ada", 2), ("flo", 1))]
    given.append(replace(given[0], given=NOW + 3 * MINUTE))
    found = reviewed([OPEN], given[::-1], RULES.break_glass["production"], PEOPLE, NOW + 4 * MINUTE)
    assert found.closed == (Closed(OPEN, "ada", NOW + 2 * MINUTE),)
    assert found.refused == ()


def test_nobody_closes_what_the_policy_has_no_rule_for() -> None:
    one = approval("ada", plan(), decision="review", given=NOW + MINUTE)
    assert reviewed([OPEN], [one], None, PEOPLE, NOW + 2 * MINUTE).open == (OPEN,)


def test_the_answer_says_how_to_go_on() -> None:
    closed = verdict(governance(), run(now=NOW - timedelta(seconds=2 * HOUR), done=frozenset({"drain"})))
    said = sentences(closed, plan(), ["drain"])
    assert "CHG-1 on shared, plan sha256:" in said
    assert "The next opening is 2026-03-10T22:00:00+00:00." in said
    assert "Done are drain; left are restart.\nRun it again when it may." in said
    glass = {"roles": ["release-manager", "commander"], "due": "2026-03-14T08:00:00+00:00"}
    reviewed_by = "It has to be reviewed by 2026-03-14T08:00:00+00:00, by release-manager or commander."
    assert sentences(Verdict.of((), review=glass), plan()).endswith(reviewed_by)
    waits = f"{reviewed_by}\nThe review waits on this machine until a run from here can open it"
    assert waits in sentences(Verdict.of((), review={**glass, "waits": True}), plan())
    assert "It has to be done by 2026-03-11T02:00:00+00:00." in sentences(verdict(governance(), run()), plan())


@pytest.mark.parametrize(
    ("playbook", "kind", "said"),
    [
        ("site --tags etcd", "patch", ""),
        ("drill edge_killed", "drill", ""),
        ("site", "", ""),
        (
            "drill edge_killed",
            "patch",
            "expected a change of kind drill for drill edge_killed, found CHG-1, which is of",
        ),
        (
            "drills",
            "drill",
            "expected a change of another kind than drill for drills, found CHG-1, which is of kind drill",
        ),
    ],
)
def test_the_rules_for_drills_are_for_drills_alone(playbook: str, kind: str, said: str) -> None:
    found = asking.misused(plan(playbook=playbook, target=Target("production", kind)))
    assert [said in one for one in found] == ([True] if said else [])


def test_a_plan_that_is_not_the_one_of_the_file_says_what_differs() -> None:
    approved = plan(before={"leader": "node1"})
    assert asking.altered(None, approved) == []
    assert asking.altered(approved, plan(before={"leader": "node1"})) == []
    (said,) = asking.altered(approved, plan(before={"leader": "node2"}, no_return="restart"))
    assert said == (
        """plan: expected what the plan's file has, found before '{"leader": "node2"}' where it has """
        """'{"leader": "node1"}'; no_return 'restart' where it has ''"""
    )
    (said,) = asking.altered(approved, plan(before={"leader": "x" * 999}))
    assert len(said) < 400
