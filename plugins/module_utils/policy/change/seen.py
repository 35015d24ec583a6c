# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a playbook has seen of the estate, as the gate wants to be told of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy.change.plan import Estimates

# As what host_survey is registered: for the gate alone, or by who needs it for more.
SURVEYS = ("gate_survey", "estate_host_survey")


def clocks(hosts: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Return by host how many seconds its clock is certainly off, of what ``host_survey`` has answered there.

    What the answer's own way may have taken is nobody's fault.
    """
    found: dict[str, float] = {}
    for host, answer in _surveys(hosts):
        survey = answer.get("survey") or {}
        if "clock_offset" in survey and host not in found:
            offset, doubt = float(survey["clock_offset"]), float(survey.get("clock_doubt", 0))
            found[host] = round(max(abs(offset) - doubt, 0) * (1 if offset >= 0 else -1), 3)
    return found


def estimates(hosts: Mapping[str, Mapping[str, Any]]) -> Estimates:
    """Return how long the plan takes by what was known when the gate was asked first, as its answers have it."""
    found = [(variables.get("gate_asked") or {}).get("estimates") or {} for variables in hosts.values()]
    seconds: dict[str, int] = {}
    for name, taken in (pair for one in found for pair in (one.get("seconds") or {}).items()):
        seconds[str(name)] = max(int(taken), seconds.get(str(name), 0))
    return Estimates(seconds, max((int(one.get("rollback_seconds") or 0) for one in found), default=0))


def away(hosts: Mapping[str, Mapping[str, Any]]) -> frozenset[str]:
    """Return the hosts that ``host_survey`` was to ask, and that did not answer."""
    return frozenset(host for host, answer in _surveys(hosts) if answer.get("unreachable")) - clocks(hosts).keys()


def _surveys(hosts: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield each answer of ``host_survey``, and of which host it is: a host's loop asks others for it."""
    for host, variables in hosts.items():
        for asked in (variables.get(name) or {} for name in SURVEYS):
            for answer in asked.get("results") or [asked]:
                yield str(answer.get("item") or host), answer


def backup(hosts: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the newest backup of what ``pgbackrest_info`` has answered, as evidence; it holds every instance.

    It was asked on every member, since the one that leads alone knows which WAL is not in the repository yet.
    """
    asked = [variables.get("gate_backups") or {} for variables in hosts.values()]
    answers = [answer for each in asked for answer in (each.get("results") or [each])]
    backups = [each for answer in answers for each in answer.get("backups") or ()]
    queues = [answer["archive_queue"] for answer in answers if answer.get("archive_queue")]
    if not backups:
        return []
    newest = max(backups, key=lambda each: str(each["finished_at"]))
    return [
        {
            "kind": "backup",
            "taken": str(newest["finished_at"]),
            "ok": not newest["error"],
            "reference": str(newest["label"]),
            # Of two that say they lead, the one that is further behind.
            "recovery_point": min((str(queue["recovery_point"]) for queue in queues), default=""),
        }
    ]
