# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX's own records say: who launched the job that this run is, and who approved the workflow it is part of.

A node of approval knows no plan. So who launches a workflow names the plan among its extra variables. These cannot be
altered once it was launched: who approves that workflow afterwards approves that plan, and what runs has to be it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy.change.approvals import Approval, Asked
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.people import People
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.situation import Launcher
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_model import listed

# Among the extra variables of a workflow: the digest of its plan.
PLAN_VARIABLE = "change_plan"
# AWX knows no end of an approval; the workflow waits no longer for its next node than this.
HOLDS = timedelta(hours=24)

Record = Mapping[str, Any]


def workflow_of(job: Record) -> int | None:
    """Return the number of the workflow's run that a job is part of."""
    found = _summary(job, "source_workflow_job").get("id")
    return found if isinstance(found, int) else None


def approval_nodes(nodes: Iterable[Record]) -> list[int]:
    """Return the numbers of the approvals among the nodes of a workflow's run."""
    jobs = [_summary(node, "job") for node in nodes]
    return [job["id"] for job in jobs if job.get("type") == "workflow_approval" and isinstance(job.get("id"), int)]


def launched(job: Record, workflow: Record | None, people: People) -> Launcher:
    """Return who launched the job; a schedule, and a job that was launched by two, is nobody."""
    what = f"AWX's job {job.get('id')}"
    if job.get("status") != "running":
        return _nobody(f"expected {what} to be running, found it {job.get('status')}")
    records = [record for record in (job, workflow) if record]
    users = sorted({user for record in records if (user := _user(record, "created_by"))})
    if len(users) != 1:
        return _nobody(f"expected {what} to be launched by one user, found {listed(users) or 'none'}")
    person = people.of_awx(users[0])
    if not person:
        return _nobody(f"expected AWX's user {users[0]} in approvers/people.yml, found nobody called so")
    return Launcher(person, "awx")


def approvals(workflow: Record, found: Iterable[Record], asked: Asked, people: People) -> list[Approval]:
    """Return what was approved in the workflow; what is pending, denied or has timed out approves nothing."""
    plan = _variables(workflow).get(PLAN_VARIABLE)
    return [
        one
        for record in found
        if record.get("status") == "successful" and not record.get("timed_out")
        for one in [_approval(workflow, record, str(plan or f"that {PLAN_VARIABLE} does not name"), asked, people)]
    ]


def _approval(workflow: Record, record: Record, plan: str, asked: Asked, people: People) -> Approval:
    user = _user(record, "approved_or_denied_by")
    # Whoever has no place among the people is named all the same, and does not count.
    person = people.of_awx(user) or f"AWX user {user or 'unknown'}"
    fault = ""
    if _summary(record, "source_workflow_job").get("id") not in (None, workflow.get("id")):
        fault = "it is part of another workflow"
    given = _moment(record.get("finished"))
    if given is None:
        fault, given = "AWX does not say when it was given", datetime.fromisoformat("1970-01-01T00:00:00+00:00")
    return Approval(
        person,
        plan,
        # The plan names them, and its digest covers them.
        asked.change,
        asked.estate,
        asked.environment,
        given,
        given + HOLDS,
        where=f"AWX's workflow approval {record.get('id')}",
        fault=fault,
    )


def _nobody(why: str) -> Launcher:
    return Launcher(refused=(f"launcher: {why}",))


def _summary(record: Record, name: str) -> Record:
    found = record.get("summary_fields")
    inner = found.get(name) if isinstance(found, Mapping) else None
    return inner if isinstance(inner, Mapping) else {}


def _user(record: Record, name: str) -> str:
    return str(_summary(record, name).get("username") or "")


def _variables(workflow: Record) -> Record:
    """Return the extra variables, which AWX gives as a text of JSON."""
    found = workflow.get("extra_vars")
    try:
        data = json.loads(found) if isinstance(found, str) else found
    except ValueError:
        return {}
    return data if isinstance(data, Mapping) else {}


def _moment(text: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else None
