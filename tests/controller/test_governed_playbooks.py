# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's own playbooks behind the gate, as far as they come without a host: planned, approved, launched.

There is no estate here, so what is let through ends at its first question to a host. tests/estate goes further.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REPOSITORY
from tests.controller.governed import CHANGE, POLICY, Governed

GROUPS = ("odoo", "edge")
# What is said by the first task behind the gate that asks a host.
BEYOND = {"host_out": "Announce it, unless the host is needed", "host_in": "Start everything"}
CALLED = {"out_host": "node2", "change": CHANGE}

each_playbook = pytest.mark.parametrize("playbook", sorted(BEYOND))


@pytest.fixture
def company(tmp_path: Path) -> Governed:
    found = Governed(tmp_path)
    found.commit(**{"policy.yml": POLICY.replace("    evidence: [{kind: backup, max_age_hours: 24}]\n", "")})
    found.inventory(groups=GROUPS, ansible_become=False, estate_instances=[{"name": "harbor"}])
    return found


def act(company: Governed, playbook: str, *more: str, status: int = 2, **called: Any) -> str:
    said = json.dumps({**CALLED, **called})
    return company.ansible(str(REPOSITORY / "playbooks" / f"{playbook}.yml"), "-e", said, *more, status=status)


def test_a_dry_run_shows_the_plan_and_leaves_it(company: Governed) -> None:
    shown = act(company, "host_out", "--check")
    assert f"{CHANGE}: host_out on lab (production, patch)" in shown
    assert "Called with out_host=node2" in shown
    assert "1. drain node2 on node1, 30 s" in shown
    assert "may not run, for 2 reasons" in shown
    assert "erpops.estate/plan/1" in shown, "without a file it is shown whole"
    assert "erpops.estate/plan/1" not in act(company, "host_out", "--check", plan="plan.json")
    plan = json.loads((company.path / "plan.json").read_text())
    assert [step["name"] for step in plan["steps"]] == ["drain node2", "stop node2"]
    assert [part["plane"] for part in plan["target"]["parts"]] == ["edge", "application"]


@each_playbook
def test_one_that_nobody_approved_ends_at_the_gate(company: Governed, playbook: str) -> None:
    said = act(company, playbook)
    assert "may not run, for 2 reasons - approvals: expected 1 by manager, found none - launcher: expected" in said
    assert BEYOND[playbook] not in said
    found = company.record()
    assert (found.change, found.plan["playbook"], found.changes()) == (CHANGE, playbook, 0)


def test_one_that_was_approved_and_launched_goes_on_and_does_nothing_else(company: Governed) -> None:
    act(company, "host_out", "--check", plan="plan.json")
    company.sign("ada")
    company.sign("eve", "launch")
    said = act(company, "host_out", plan="plan.json")
    assert BEYOND["host_out"] in said
    assert "keeper.json" in said
    assert company.record().origin["launcher"]["person"] == "eve"
    # A run of the same change leaves the plan as it is, so that it may be tried again without its file, too.
    assert BEYOND["host_out"] in act(company, "host_out")

    said = act(company, "host_out", plan="plan.json", out_minutes=600)
    assert "plan: expected what the plan's file has, found given" in said
    assert "out of service for 600 min" in said
    assert "ada does not count: it is for plan" in said


def test_break_glass_goes_on_without_approvals_and_leaves_a_review(company: Governed) -> None:
    act(company, "host_in", "--check", plan="plan.json")
    company.sign("eve", "launch")
    said = act(company, "host_in", break_glass="the warehouse stands still")
    assert BEYOND["host_in"] in said
    assert [key for key in company.kept() if key.startswith("change/reviews/")]


@pytest.mark.parametrize(("environment", "passes"), [("production", False), ("development", True)])
def test_ungoverned_only_development_goes_on(company: Governed, environment: str, passes: bool) -> None:
    company.inventory(environment, governed=False, groups=GROUPS, ansible_become=False, estate_instances=[])
    said = act(company, "host_in")
    assert (BEYOND["host_in"] in said) is passes
    assert ("governance: expected to be laid down for production, found nothing" in said) is not passes
