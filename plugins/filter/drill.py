# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a drill does to an estate as it is now, and how it came out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.evidence.status import gather
from ansible_collections.erpops.estate.plugins.module_utils.policy.drill_plan import plan
from ansible_collections.erpops.estate.plugins.module_utils.policy.drill_verdict import verdict

Seen = Mapping[str, Mapping[str, Any]]


def drill_plan(seen: Seen, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return what would be done; an estate that is not as desired is one more refusal."""
    services = {host: answer.get("services") or [] for host, answer in seen.items()}
    found: dict[str, Any] = plan(str(request["scenario"]), services, request)
    found["refusals"] += [f"before the drill: {finding}" for finding in _findings(seen, request)]
    return found


def drill_verdict(measured: Mapping[str, Any], seen: Seen, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the run of this drill under ``run``, and the verdict on it."""
    run = {
        "streams": measured["streams"],
        "writes": measured["writes"],
        "logged_out": measured["logged_out"],
        "findings": _findings(seen, request),
    }
    return {"run": run, **verdict(str(request["scenario"]), [run])}


def _findings(seen: Seen, request: Mapping[str, Any]) -> Sequence[str]:
    estate = {"name": request["estate"], "seen_at": request["seen_at"]}
    return list(gather(seen, estate).findings)


class FilterModule:
    """The filters by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return what Jinja2 may call."""
        return {"drill_plan": drill_plan, "drill_verdict": drill_verdict}
