# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records in the form that AWX 24.6.1 documents; a running AWX has not given these."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.change import awx
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.approvals import Asked, tally
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.people import People
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.situation import Launcher

from tests.unit.plugins.module_utils.policy.change.worlds import NOW, PEOPLE, plan

PLAN = plan()
ASKED = Asked(PLAN.digest, PLAN.change, PLAN.estate, "production", requester="gus", launcher="eve")
KNOWN = People(PEOPLE.roles, {"ada": "afisher", "eve": "elang", "gus": "gus"})


def user(name: str) -> dict[str, Any]:
    return {"id": 7, "username": name, "first_name": "", "last_name": ""}


def job(by: str | None = "elang", **more: Any) -> dict[str, Any]:
    fields = {"source_workflow_job": {"id": 11, "name": "Patch", "status": "running"}}
    said = {"created_by": user(by)} if by else {}
    return {"id": 12, "type": "job", "status": "running", "summary_fields": {**fields, **said}, **more}


def workflow(by: str | None = "elang", **more: Any) -> dict[str, Any]:
    variables = json.dumps({"change_plan": PLAN.digest})
    said = {"created_by": user(by)} if by else {}
    return {"id": 11, "type": "workflow_job", "extra_vars": variables, "summary_fields": said, **more}


def given(by: str = "afisher", part_of: int = 11, **more: Any) -> dict[str, Any]:
    fields = {"approved_or_denied_by": user(by), "created_by": user("elang"), "source_workflow_job": {"id": part_of}}
    said = {"id": 13, "type": "workflow_approval", "status": "successful", "timed_out": False}
    return {**said, "finished": "2026-03-10T20:15:00.123456Z", "summary_fields": fields, **more}


@pytest.mark.parametrize(
    ("record", "parent", "person", "why"),
    [
        (job(), None, "eve", ""),
        (job(), workflow(), "eve", ""),
        (job(None), workflow(), "eve", ""),
        (job(None), None, "", "expected AWX's job 12 to be launched by one user, found none"),
        (job("elang"), workflow("afisher"), "", "launched by one user, found afisher and elang"),
        (job("root"), None, "", "expected AWX's user root in approvers/people.yml, found nobody called so"),
        (job(status="successful"), None, "", "expected AWX's job 12 to be running, found it successful"),
        ({}, None, "", "expected AWX's job None to be running, found it None"),
    ],
)
def test_who_launched_a_job(record: dict[str, Any], parent: dict[str, Any] | None, person: str, why: str) -> None:
    found = awx.launched(record, parent, KNOWN)
    assert (found.person, found.proof) == (person, "awx" if person else "")
    assert why in " ".join(found.refused)
    assert found == Launcher(person, "awx") or found.refused[0].startswith("launcher: ")


@pytest.mark.parametrize(
    ("parent", "record", "why"),
    [
        (workflow(), given(), ""),
        (workflow(extra_vars={"change_plan": PLAN.digest}), given(), ""),
        (workflow(extra_vars="{}"), given(), "it is for plan that change_plan does not name, and this is sha256:"),
        (workflow(extra_vars="---\nx"), given(), "it is for plan that change_plan does not name"),
        (workflow(extra_vars='{"change_plan": "sha256:0"}'), given(), "it is for plan sha256:0, and this is"),
        (workflow(), given("elang"), "the one of eve does not count: who launches a run cannot approve it"),
        (workflow(), given("gus"), "the one of gus does not count: who requests a change cannot approve it"),
        (workflow(), given("root"), "the one of AWX user root does not count: nobody knows that person"),
        (workflow(), given(part_of=10), "it is part of another workflow"),
        (workflow(), given(finished="2026-03-09T20:15:00Z"), "it expired at 2026-03-10T20:15:00+00:00"),
        (workflow(), given(finished=None), "AWX does not say when it was given"),
        (workflow(), given(status="failed"), "nothing"),
        (workflow(), given(status="pending", finished=None), "nothing"),
        (workflow(), given(timed_out=True), "nothing"),
    ],
)
def test_an_approval_counts_for_the_plan_that_its_workflow_names(
    parent: dict[str, Any], record: dict[str, Any], why: str
) -> None:
    found = awx.approvals(parent, [record], ASKED, KNOWN)
    counted = tally(found, ASKED, {"release-manager": 1}, KNOWN, NOW)
    assert bool(counted.missing) is bool(why)
    assert why in " ".join(counted.refused) or (why == "nothing" and not found)


def test_the_way_from_a_job_to_its_approvals() -> None:
    assert awx.workflow_of(job()) == 11
    assert awx.workflow_of({"summary_fields": {}}) is None
    nodes = [
        {"id": 1, "summary_fields": {"job": {"id": 13, "type": "workflow_approval"}}},
        {"id": 2, "summary_fields": {"job": {"id": 12, "type": "job"}}},
        {"id": 3, "summary_fields": {}},
    ]
    assert awx.approval_nodes(nodes) == [13]
