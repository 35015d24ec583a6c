# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks on the controller whether this run may do what its plan says, now."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from ansible import context
from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible.utils.vars import load_extra_vars
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError, Refused
from ansible_collections.erpops.estate.plugins.module_utils.clients.ledger_file import write
from ansible_collections.erpops.estate.plugins.module_utils.governance.asked import Answer, Asking, Recorded, answer
from ansible_collections.erpops.estate.plugins.module_utils.governance.copy import brought_up
from ansible_collections.erpops.estate.plugins.module_utils.policy.change import seen
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.asking import altered, unclear
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.declared import fingerprint
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.extra_variables import (
    GUARDED,
    objected,
    overridden,
)
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.plan import Plan
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.planned import plan_of
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.telling import sentences, steps
from ansible_collections.erpops.estate.plugins.plugin_utils.inventory_reader import (
    ROLES,
    plain,
    raw_hosts,
    read_inventory,
    read_shared,
)
from ansible_collections.erpops.estate.plugins.plugin_utils.planning import (
    begun,
    called_with,
    known_here,
    playbook_of,
    stopped_by,
    whole,
)
from ansible_collections.erpops.estate.plugins.plugin_utils.recorder import recording
from ansible_collections.erpops.estate.plugins.plugin_utils.role_variables import read_roles

SPEC: Mapping[str, Mapping[str, Any]] = {
    "plan": {"type": "dict"},
    "plan_file": {"type": "path"},
    "approved": {"type": "path"},
    "complete": {"type": "bool", "default": False},
    "declared": {"type": "bool", "default": False},
    "dest": {"type": "path"},
    "done": {"type": "list", "elements": "str", "default": []},
    "break_glass": {"type": "str"},
    "evidence": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "kind": {"type": "str", "required": True},
            "taken": {"type": "str", "required": True},
            "ok": {"type": "bool", "required": True},
            "instances": {"type": "list", "elements": "str", "default": []},
            "since": {"type": "str"},
            "reference": {"type": "str", "default": ""},
            "recovery_point": {"type": "str"},
        },
    },
    "clocks": {"type": "dict", "default": {}},
    "may_be_away": {"type": "list", "elements": "str", "default": []},
}


# Ansible takes such a result from the callback plugin that records the run, and from who reads the terminal.
HIDDEN = (
    "change gate: expected its task without no_log, found it under no_log, which hides the verdict from the ledger;"
    " say no_log: false on the task, or take no_log from play, block, ansible.cfg or ANSIBLE_NO_LOG"
)


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible-core carries no type information
    """Runs on the controller alone, once for each batch of hosts; no connection is opened."""

    TRANSFERS_FILES = False
    BYPASS_HOST_LOOP = True
    _requires_connection = False

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ask; fail with every reason. In check mode the answer is only said."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        if self._task.no_log:
            # Of the result nothing is shown but its warnings.
            self._display.warning(HIDDEN)
            return {**result, "changed": False, "failed": True, "msg": HIDDEN}
        _result, given = self.validate_argument_spec(
            argument_spec=SPEC,
            mutually_exclusive=[["plan", "plan_file"]],
            required_one_of=[["plan", "plan_file"]],
        )
        given, now = plain(given), datetime.now(UTC)
        try:
            _worded(self._task.args.get("break_glass"))
            # The entry of a run that is recorded has brought it up already.
            behind = brought_up(recording().configuration) if self._task.check_mode and recording().checked else ""
            standing = stopped_by(given["dest"], recording().configuration)
            question = replace(self._asking(given, task_vars or {}, standing), behind=behind)
            found = answer(question, now)
            _spare(given["dest"], standing, found.plan)
        except (ClientError, ValueError, OSError, AnsibleError) as error:
            verdict = {"ok": False, "reasons": [str(error)], "facts": {}}
            # So that the change's own page has it.
            about = {"at": now.isoformat(), "change": str((given["plan"] or {}).get("change") or "")}
            evidence = [{"kind": "verdict", "data": {"ok": False, "reasons": [str(error)], **about}}]
            result.update(changed=False, failed=True, msg=f"change gate: {error}", verdict=verdict, evidence=evidence)
            return result
        if given["dest"] and standing is None:
            write(given["dest"], json.dumps(found.plan.as_dict(), indent=2, ensure_ascii=False).encode())
        return {**result, **self._told(found, given), "estimates": asdict(question.known)}

    def _asking(self, given: Mapping[str, Any], task_vars: Mapping[str, Any], standing: Plan | None) -> Asking:
        inventory = read_shared(task_vars, self._loader, GUARDED)
        governance = inventory.shared("estate_governance") or {}
        known, check, extra = recording(), bool(self._task.check_mode), plain(load_extra_vars(self._loader))
        # Set by AWX around the whole run; a playbook's own environment does not reach this process.
        job = int(os.environ.get("JOB_ID") or 0) if governance.get("awx") else 0
        plan = given["plan"] if given["plan"] is not None else _read(given["plan_file"])
        approved = plan_of(_read(given["approved"])) if given["approved"] else None
        stopped, host_variables = None, raw_hosts(task_vars) if given["complete"] and governance else {}
        estimates = seen.estimates({**host_variables, **_controller(task_vars)})
        # A plan that the gate has made whole stays as it is, however often it is asked for again.
        if given["complete"] and "format" not in plan and (governance or check or approved):
            declared = fingerprint(read_inventory(task_vars, self._loader)) if given["declared"] else ""
            at_hand, called = approved or standing, _called_with(extra, job=bool(job))
            own = whole(plan, None, known.configuration, given=called, inventory=declared)
            # What was approved is what the file says; that is no proof that it takes no longer.
            plan = whole(plan, at_hand, known.configuration, given=called, inventory=declared) if at_hand else own
            estimates = known_here(own)
            stopped = begun(plan, at_hand, known.configuration)
        objections = overridden(extra)
        if governance:
            known_names = read_roles(self._loader, ROLES).owner
            objections += objected(extra, playbook_of({"playbook": "", **plan}), known_names, job=bool(job))
        return Asking(
            estate=str(inventory.shared("estate_name", "")),
            environment=inventory.environment(),
            governance=governance,
            plan=plan,
            recorded=Recorded(
                loaded=known.loaded or (check and known.checked),
                run=known.run,
                spool=known.spool,
                configuration=known.configuration,
                fault=known.fault,
                verified=known.verified,
            ),
            approved=approved,
            begun=stopped,
            objections=(*objections, *unclear(inventory)),
            done=given["done"],
            break_glass=given["break_glass"],
            evidence=(*given["evidence"], *plain(seen.backup(host_variables))),
            clocks={
                **seen.clocks(host_variables),
                **{str(host): float(late) for host, late in given["clocks"].items()},
            },
            away=seen.away(host_variables) & frozenset(given["may_be_away"]),
            job=job,
            known=estimates,
            check=check,
        )

    def _told(self, found: Answer, given: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "changed": False,
            "failed": not (found.verdict.ok or self._task.check_mode),
            "msg": sentences(found.verdict, found.plan, given["done"]),
            "verdict": found.verdict.as_dict(),
            "plan": found.plan.as_dict(),
            "steps": list(steps(found.plan)),
            "digest": found.plan.digest,
            "evidence": found.evidence(),
            "verified": found.verified,
        }


def _spare(path: str, standing: Plan | None, made: Plan) -> None:
    """Refuse to put another plan in the place of one by which a run may go on."""
    if standing is not None and standing.digest != made.digest:
        found = f"it has the plan by which {standing.change} stands half way"
        differs = "; ".join(altered(standing, made))
        raise Refused(path, expected="a file for this plan", found=f"{found} ({differs})", remedy="name another file")


def _worded(reason: Any) -> None:
    """Refuse what is no text: False would become one, hence a reason, and the run break-glass."""
    if not isinstance(reason, str | None):
        raise ValueError(f"break_glass: expected a text that says why it cannot wait, or none, found {reason!r}")


def _controller(task_vars: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the controller's own variables: a playbook may have asked first there."""
    return {"localhost": task_vars["hostvars"].raw_get("localhost")}


def _called_with(extra: Mapping[str, Any], *, job: bool) -> dict[str, str]:
    """Return what a run was called with that changes what it does."""
    start = context.CLIARGS.get("start_at_task")
    return called_with({**extra, **({"--start-at-task": start} if start else {})}, job=job)


def _read(path: str) -> dict[str, Any]:
    with open(path, encoding="utf-8") as stream:
        data = json.load(stream)
    if not isinstance(data, dict):
        raise ValueError(f"{path}: expected a plan as JSON, found {type(data).__name__}")
    return data
