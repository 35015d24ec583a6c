# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of the service module: survey, then carry out, then the result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.evidence.declared import change, check
from ansible_collections.erpops.estate.plugins.module_utils.members.base import Interrupted
from ansible_collections.erpops.estate.plugins.module_utils.policy.converge import Action
from ansible_collections.erpops.estate.plugins.module_utils.policy.definition import Definition
from ansible_collections.erpops.estate.plugins.module_utils.service.converger import Converger, Survey, diff_of
from ansible_collections.erpops.estate.plugins.module_utils.service.differences import differences
from ansible_collections.erpops.estate.plugins.module_utils.service.gate import leads


def run(converger: Converger, *, replace: str, gate_timeout: float, check: bool) -> dict[str, Any]:
    """Return the result. In check mode nothing is written, for a deferred replacement no more than passwords."""
    survey = converger.survey()
    decision = survey.decision
    deferred = replace == "defer" and decision.action is Action.REPLACE
    result: dict[str, Any] = {
        "decision": decision.action.value,
        "reasons": list(decision.reasons),
        "replace_reasons": list(decision.reasons) if deferred else [],
        "leads": leads(converger.member) if decision.action is Action.REPLACE else False,
        "changed": survey.changed,
        "differences": differences(converger.definition.name, survey),
        "actions": [],
        "health": {},
    }
    if deferred:
        passwords = converger.passwords_read_anew(survey)
        result["changed"] = bool(passwords.files)
        if not check:
            converger.write(passwords)
            result["actions"] = converger.actions
        return result
    result["diff"] = diff_of(survey)
    member = converger.member
    left: list[str] = member.left_behind() if isinstance(member, Interrupted) else []
    result["changed"] = survey.changed or bool(left)
    result["reasons"] += left
    if not check:
        # First: its health cannot be had while an act of an earlier run stands in its way.
        converger.actions += member.take_back() if isinstance(member, Interrupted) else []
        result["health"] = converger.carry_out(survey, gate_timeout=gate_timeout).as_dict()
        result["actions"] = converger.actions
        result["evidence"] = _declared(survey, converger.definition, result["health"]) if result["changed"] else []
    return result


def _declared(survey: Survey, definition: Definition, health: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return for the record of the run which image ran before and runs now, and what was seen of it."""
    if not health:
        return []
    pieces = [check(definition.name, ok=bool(health["ok"]), details=health["reasons"])]
    before, after = survey.observed.aspects.get("image"), survey.desired.replace["image"]
    return pieces if before == after else [*change(f"{definition.name} image", before, after), *pieces]
