# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's own playbooks behind the gate, as far as they come without a host: planned, approved, launched.

There is no estate here, so what is let through ends at its first question to a host. tests/estate goes further.
"""

from __future__ import annotations

import json
import shutil
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
    assert "Touches instances harbor; planes edge, application" in shown
    assert f"Stands on commit {company.git('rev-parse', 'HEAD').strip()} of policy and change" in shown
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


@each_playbook
def test_what_a_playbook_works_with_cannot_be_given(company: Governed, playbook: str) -> None:
    launched(company, playbook)
    survey = {"survey": {"clock_offset": 0}}
    said = act(company, playbook, estate_host_survey=survey, out_edges=[], estate_instances=[])
    assert "variables: expected estate_host_survey from inventory and playbook, found among the extra" in said
    assert "found estate_instances and out_edges; say it in the inventory" in said
    assert BEYOND[playbook] not in said


def launched(company: Governed, playbook: str) -> None:
    act(company, playbook, "--check", plan="plan.json")
    company.sign("ada")
    company.sign("eve", "launch")


# Stands for what changes a host or an edge: notes it, and that an approval is withdrawn once the first step is done.
STAND_IN = """
import glob
import os
from ansible.plugins.action import ActionBase

class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        given = self._task.args
        with open("acts", "a") as stream:
            stream.write(f"{given.get('state', 'lease_end')}\\n")
        if given.get("state") in ("drained", "in") and os.path.exists("withdraw"):
            for path in glob.glob("approvals/*approve*"):
                os.remove(path)
        return {"changed": True, "lease": [], "actions": [], "ended": []}
"""
CHANGING = ("host_maintenance", "traefik_server", "lease_end")


def test_a_run_that_hides_everything_else_does_not_hide_the_verdict(company: Governed) -> None:
    launched(company, "host_out")
    company.environment["ANSIBLE_NO_LOG"] = "1"
    act(company, "host_out", plan="plan.json")
    assert [entry.event for entry in company.entries()] == ["opened", "allowed", "closed"]
    assert company.entries()[-1].fields["launcher"] == "eve"
    assert [verdict["ok"] for verdict in company.record().verdicts] == [True]
    assert not [key for key in company.kept() if "change_lock" in key], "the lock was given back"


@pytest.mark.parametrize(
    ("playbook", "acts", "left", "said"),
    [
        (
            "host_out",
            ["lease_end", "lease_end", "announced", "drained", "in", "lease_end"],
            ["out"],
            "left are stop node2. Run it again when it may.; what this run had begun was put back, node2 is in service",
        ),
        (
            "host_in",
            ["lease_end", "lease_end", "in"],
            ["in_service"],
            "left are send requests to node2. Run it again when it may. node2 runs and is drained at node1: run this",
        ),
    ],
)
def test_a_no_before_the_second_step_of_a_host_ends_tidily(
    company: Governed, playbook: str, acts: list[str], left: list[str], said: str
) -> None:
    company.inventory(groups=(*GROUPS, "etcd"), ansible_become=False, estate_instances=[{"name": "harbor"}])
    copied = company.path / "playbooks"
    shutil.copytree(REPOSITORY / "playbooks", copied)
    for path in copied.rglob("*.yml"):
        text = path.read_text(encoding="utf-8")
        for name in CHANGING:
            text = text.replace(f"erpops.estate.{name}:", "stand_in:")
        path.write_text(text, encoding="utf-8")
    (copied / "action_plugins").mkdir()
    (copied / "action_plugins" / "stand_in.py").write_text(STAND_IN)

    def run(*more: str, status: int) -> str:
        return company.ansible(f"playbooks/{playbook}.yml", "-e", json.dumps(CALLED), *more, status=status)

    run("--check", "-e", "plan=plan.json", status=0)
    company.sign("ada")
    company.sign("eve", "launch")
    done = company.path / "acts"
    done.unlink()
    run(status=0)
    assert set(left) <= set(done.read_text().split())
    assert [len(verdict["done"]) for verdict in company.record().verdicts] == [0, 1]
    done.unlink()
    (company.path / "withdraw").touch()
    refused = run(status=2)
    assert "approvals: expected 1 by manager, found none" in refused
    assert said in refused
    assert done.read_text().split() == acts


def of_host(company: Governed, host: str, **said: Any) -> None:
    (company.path / "host_vars").mkdir()
    (company.path / "host_vars" / f"{host}.yml").write_text(json.dumps(said))


def away(company: Governed, host: str) -> None:
    of_host(company, host, ansible_connection="ssh", ansible_host="127.0.0.1", ansible_port=1)


def test_a_clock_that_is_off_is_refused_as_the_host_says_it(company: Governed) -> None:
    launched(company, "host_in")
    late = company.path / "late"
    late.mkdir()
    (late / "date").write_text('#!/bin/sh\nexec /usr/bin/env -u PATH /bin/date -d "9 seconds ago" "$@"\n')
    (late / "date").chmod(0o755)
    company.environment["PATH"] = f"{late}:{company.environment['PATH']}"
    said = act(company, "host_in")
    assert "for 2 reasons - clocks: expected node1 within 2 s of this one, found it -" in said
    assert "- clocks: expected node2 within 2 s of this one, found it -" in said
    assert BEYOND["host_in"] not in said


@pytest.mark.parametrize(
    ("playbook", "host", "passes"),
    [
        ("host_in", "node1", True),
        ("host_in", "node2", True),
        ("host_out", "node1", False),
        ("host_out", "node2", False),
    ],
)
def test_a_host_without_an_answer_has_no_clock_and_only_host_in_can_do_without(
    company: Governed, playbook: str, host: str, passes: bool
) -> None:
    launched(company, playbook)
    away(company, host)
    said = act(company, playbook)
    assert (BEYOND[playbook] in said) is passes
    refused = f"for 1 reason - clocks: expected to know those of all hosts of the plan, found none of {host}; have"
    assert (refused in said) is not passes
    assert company.record().changes() == 0


@pytest.mark.parametrize(("environment", "passes"), [("production", False), ("development", True)])
def test_ungoverned_only_development_goes_on(company: Governed, environment: str, passes: bool) -> None:
    company.inventory(environment, governed=False, groups=GROUPS, ansible_become=False, estate_instances=[])
    said = act(company, "host_in")
    assert (BEYOND["host_in"] in said) is passes
    assert ("governance: expected to be laid down for production, found nothing" in said) is not passes
