# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of the service module: survey, then carry out, then the result."""

from __future__ import annotations

from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy.converge import Action
from ansible_collections.erpops.estate.plugins.module_utils.service.converger import Converger, diff_of
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
    if not check:
        result["health"] = converger.carry_out(survey, gate_timeout=gate_timeout).as_dict()
        result["actions"] = converger.actions
    return result
