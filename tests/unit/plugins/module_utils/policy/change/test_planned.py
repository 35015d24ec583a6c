# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.plan import Plan, Step
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.planned import completed, plan_of
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.signing import decided, file_name
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.telling import steps
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.words import Part, Target

from tests.unit.plugins.module_utils.policy.change.worlds import COMMIT, NOW, governance, plan

Data = dict[str, Any]


def data() -> Data:
    found: Data = json.loads(json.dumps(plan(before={"kernel": "6.1"}, after={"kernel": "6.2"}).as_dict()))
    return found


def test_a_plan_comes_back_from_a_file_as_it_was() -> None:
    made = plan(before={"kernel": "6.1"}, after={"kernel": "6.2"})
    assert plan_of(data()) == made
    assert plan_of(data()).digest == made.digest


@pytest.mark.parametrize(
    ("alter", "said"),
    [
        (lambda d: d.update(format="other"), "expected format erpops.estate/plan/1, found 'other'"),
        (lambda d: d.pop("rollback"), "rollback: expected text, found nothing"),
        (lambda d: d.update(stepps=[]), "stepps: expected change, playbook, "),
        (lambda d: d.update(change=7), "change: expected text, found '7'"),
        (lambda d: d.update(outage_seconds=-1), "outage_seconds: expected seconds, found '-1'"),
        (lambda d: d.update(rollback_seconds=True), "rollback_seconds: expected seconds, found 'True'"),
        (lambda d: d.update(before={"kernel": 6}), "before: expected texts by name"),
        (lambda d: d.update(steps="drain"), "steps: expected a list, found 'drain'"),
        (lambda d: d["steps"].append("x"), "steps[2]: expected a mapping, found str"),
        (lambda d: d["steps"][0].update(hosts="node1"), "steps[0].hosts: expected texts, found 'node1'"),
        (lambda d: d["steps"][0].update(seconds=1.5), "steps[0].seconds: expected seconds, found '1.5'"),
        (lambda d: d["steps"][0].pop("name"), "steps[0].name: expected text, found nothing"),
        (lambda d: d["steps"][1].update(name="drain"), "steps: expected each name once, found drain again"),
        (lambda d: d["target"].pop("kind"), "target.kind: expected text, found nothing"),
        (lambda d: d["target"]["parts"][0].update(wing="east"), "target.parts[0].wing: expected instance, ring"),
    ],
)
def test_what_is_no_plan_is_said_with_its_place(alter: Callable[[Data], object], said: str) -> None:
    altered = copy.deepcopy(data())
    alter(altered)
    with pytest.raises(ValueError, match="plan: ") as caught:
        plan_of(altered)
    assert said in str(caught.value)


@pytest.mark.parametrize("given", [None, [], "x"])
def test_what_is_no_mapping_is_no_plan(given: Any) -> None:
    with pytest.raises(ValueError, match="plan: expected a mapping"):
        plan_of(given)


def test_what_a_playbook_leaves_open_the_change_says() -> None:
    short = {key: data()[key] for key in ("change", "playbook", "steps", "before", "after", "rollback_seconds")}
    found = completed(short, governance(), estate="shared", environment="production")
    assert found == plan_of(data())
    other = completed({**short, "estate": "other"}, governance(), estate="shared", environment="production")
    assert other.estate == "other", "what it does say stands, and the gate compares it"


def test_a_change_that_nobody_knows_adds_nothing() -> None:
    for laid in (governance(), None):
        said = {"change": "CHG-9", "playbook": "x", "steps": []}
        found = completed(said, laid, estate="shared", environment="qa")
        assert (found.target, found.commit, found.rollback) == (Target("qa", "", (Part(),)), "", "")


@pytest.mark.parametrize(
    ("decision", "minutes", "lasts"), [("approve", None, 7 * 24 * 60), ("launch", None, 15), ("launch", 60, 60)]
)
def test_what_is_signed_names_plan_and_place(decision: str, minutes: int | None, lasts: int) -> None:
    one = decided(plan(), decision, "ada", minutes, NOW)
    assert (one.plan, one.change, one.estate, one.environment) == (plan().digest, "CHG-1", "shared", "production")
    assert one.expires - one.given == timedelta(minutes=lasts)
    assert file_name(one) == f"CHG-1-{decision}-ada-{plan().digest[7:19]}.json"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (("bless", "ada", None), "decision: expected approve, withdraw, launch and review, found 'bless'"),
        (("approve", "../ada", None), "person: expected a name as in approvers/people.yml, found '../ada'"),
        (("launch", "ada", 61), "minutes: expected 1 to 60 to launch, found 61"),
        (("approve", "ada", 0), "minutes: expected 1 to 44640 to approve, found 0"),
    ],
)
def test_what_could_not_count_is_not_signed(said: tuple[str, str, int | None], why: str) -> None:
    with pytest.raises(ValueError, match="expected") as caught:
        decided(plan(), *said, NOW)
    assert str(caught.value) == why


def test_who_approves_sees_what_it_does() -> None:
    assert list(steps(plan(before={"kernel": "6.1"}, after={"kernel": "6.2"}, no_return="restart"))) == [
        "CHG-1: rolling_restart on shared (production, patch)",
        "Touches instances lakeland; rings main; sites north; planes all",
        f"Stands on commit {COMMIT} of policy and change",
        "kernel: 6.1 becomes 6.2",
        "1. drain on node1, 600 s, for lakeland",
        "2. restart on node1, 1200 s; from here there is only forward",
        "Outage up to 0 s; way back, 1800 s: boot the old one",
    ]


def test_who_approves_sees_which_instances_and_planes_it_touches() -> None:
    parts = [
        Part(name, "early", site, plane) for name in ("a", "b") for site in ("x", "y") for plane in ("edge", "data")
    ]
    several = (
        Step("one", ("n1",), ("a", "b", "c"), seconds=5),
        Step("two", ("n1",), ("b",), seconds=5, undo="by hand"),
    )
    told = list(steps(plan(target=Target("production", "patch", (*parts, Part("c", plane="edge"))), steps=several)))
    assert told[1:3] == [
        "Touches instances a, b; rings early; sites x, y; planes edge, data",
        "Touches instances c; planes edge",
    ]
    assert told[4:6] == ["1. one on n1, 5 s, for all these instances", "2. two on n1, 5 s, for b; way back: by hand"]
    assert next(line for line in steps(plan(target=Target("qa", ""))) if "Touches" in line) == (
        "Touches instances all; planes all"
    )


@pytest.mark.parametrize("name", sorted({entry.name for entry in fields(Plan)} - {"steps", "target"}))
def test_what_is_signed_is_told(name: str) -> None:
    """Whatever makes another digest reads otherwise: nobody signs what he could not see."""
    made = plan(before={"kernel": "6.1"}, after={"kernel": "6.2"}, given={"a": "b"}, no_return="drain")
    was = getattr(made, name)
    other: Any = {"kernel": "0"} if isinstance(was, dict) else was + 1 if isinstance(was, int) else "restart"
    assert list(steps(replace(made, **{name: other}))) != list(steps(made))


@pytest.mark.parametrize("name", [entry.name for entry in fields(Step)])
def test_what_is_signed_of_a_step_is_told(name: str) -> None:
    first, *rest = plan().steps
    was = getattr(first, name)
    other: Any = ("other",) if isinstance(was, tuple) else was + 1 if isinstance(was, int) else "other"
    assert list(steps(plan(steps=(replace(first, **{name: other}), *rest)))) != list(steps(plan()))


@pytest.mark.parametrize("name", [entry.name for entry in fields(Part)])
def test_what_is_signed_of_a_target_is_told(name: str) -> None:
    made = plan()
    first, *rest = made.target.parts
    other = replace(made.target, parts=(replace(first, **{name: "other"}), *rest))
    assert list(steps(plan(target=other))) != list(steps(made))
