# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a playbook has seen of the estate, as the gate wants to be told of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# As what host_survey is registered: for the gate alone, or by who needs it for more.
SURVEYS = ("gate_survey", "estate_host_survey")


def clocks(hosts: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Return by host how many seconds its clock is certainly off, of what ``host_survey`` has answered there.

    What the answer's own way may have taken is nobody's fault.
    """
    found = {}
    for host, variables in hosts.items():
        surveys = (variables.get(name) or {} for name in SURVEYS)
        survey: Mapping[str, Any] = next((answer["survey"] for answer in surveys if answer.get("survey")), {})
        if "clock_offset" in survey:
            offset, doubt = float(survey["clock_offset"]), float(survey.get("clock_doubt", 0))
            found[host] = round(max(abs(offset) - doubt, 0) * (1 if offset >= 0 else -1), 3)
    return found


def backup(hosts: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the newest backup of what ``pgbackrest_info`` has answered, as evidence; it holds every instance."""
    answers = [variables.get("gate_backups") or {} for variables in hosts.values()]
    backups = [each for answer in answers for each in answer.get("backups") or ()]
    if not backups:
        return []
    newest = max(backups, key=lambda each: str(each["finished_at"]))
    return [
        {
            "kind": "backup",
            "taken": str(newest["finished_at"]),
            "ok": not newest["error"],
            "reference": str(newest["label"]),
        }
    ]
