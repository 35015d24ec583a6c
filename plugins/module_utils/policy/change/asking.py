# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run may say about itself before the gate is asked, and what an estate without governance may do."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.extra_variables import GUARDED
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.kept import Governed
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.plan import Plan
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.situation import Evidence
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.words import EVIDENCE
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_model import Inventory, listed

DEVELOPMENT = "development"
DRILL = "drill"
# Characters of what differs in a plan; the whole is in its file.
LONGEST = 120


def unclear(inventory: Inventory) -> list[str]:
    """Return what is objected to an inventory that does not say, in one voice, where a run is."""
    found = []
    for name in GUARDED:
        for problem in (inventory.unresolved.get(name), *inventory.misfits.get(name, ())):
            if problem:
                found.append(f"{name}: expected to be resolved, found {problem}")
        values = [value for _host, value in inventory.values(name)]
        if any(value != values[0] for value in values):
            found.append(f"{name}: expected the same for all hosts, found several values; set it in group_vars/all")
    governance = inventory.shared("estate_governance") or {}
    if governance.get("directory") and not governance.get("owners"):
        found.append("estate_governance: expected owners, whose word the repository is, found none")
    return found


def elsewhere(plan: Plan, estate: str, environment: str) -> list[str]:
    """Return what is objected to a plan that was made for another place than where it runs."""
    places = (("estate", plan.estate, estate), ("environment", plan.target.environment, environment))
    return [
        f"plan: expected {what} {mine}, found {theirs or 'none'}" for what, theirs, mine in places if mine != theirs
    ]


def undone(plan: Plan, done: Sequence[str]) -> list[str]:
    """Return what is objected to steps that are said to be done, and that the plan does not have."""
    odd = [name for name in dict.fromkeys(done) if name not in {step.name for step in plan.steps}]
    return [f"done: expected steps of the plan, found {listed(odd)}"] if odd else []


def misused(plan: Plan) -> list[str]:
    """Return what is objected to a change of another kind than what runs: the rules for drills are for drills."""
    kind, drill = plan.target.kind, plan.playbook.split()[:1] == [DRILL]
    if not kind or drill == (kind == DRILL):
        return []
    expected = f"a change of kind {DRILL}" if drill else f"a change of another kind than {DRILL}"
    return [f"change: expected {expected} for {plan.playbook}, found {plan.change}, which is of kind {kind}"]


def altered(approved: Plan | None, plan: Plan) -> list[str]:
    """Return what is objected to a plan that is not the one whose file was handed over."""
    if approved is None or approved.digest == plan.digest:
        return []
    theirs, mine = approved.as_dict(), plan.as_dict()
    names = [name for name in mine if mine[name] != theirs.get(name)]
    found = "; ".join(f"{name} {_short(mine[name])} where it has {_short(theirs.get(name))}" for name in names)
    return [f"plan: expected what the plan's file has, found {found}"]


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return repr(text if len(text) <= LONGEST else f"{text[:LONGEST]}…")


def relabelled(governed: Governed, environment: str) -> list[str]:
    """Return what is objected to an estate that was of another environment when it was governed last."""
    if governed.environment in ("", environment):
        return []
    said = f"environment: expected {governed.environment}, as which this estate was governed last, found {environment}"
    return [f"{said}; where that is meant, remove what it keeps of that (docs/governance.md)"]


def ungoverned(plan: Plan, environment: str, governed: Governed, objections: Sequence[str], now: datetime) -> Verdict:
    """Return the answer where nothing is laid down: development passes, unless it was governed before."""
    reasons = list(objections)
    if governed.commit:
        reasons.append(
            f"governance: expected estate_governance, by which this estate was governed at commit "
            f"{governed.commit[:12]}, found none; say in the inventory where it is"
        )
    elif environment != DEVELOPMENT:
        reasons.append(
            f"governance: expected to be laid down for {environment}, found nothing; copy inventories/governance "
            "into a repository of its own and name it in estate_governance (docs/governance.md)"
        )
    return Verdict.of(reasons, at=now.isoformat(), commit="", plan=plan.digest, governed=False)


def evidence_of(given: Sequence[Mapping[str, Any]]) -> tuple[Evidence, ...]:
    """Return evidence of plain data; raise ValueError for what is none."""
    return tuple(_evidence(index, one) for index, one in enumerate(given))


def _evidence(index: int, one: Mapping[str, Any]) -> Evidence:
    if one["kind"] not in EVIDENCE:
        raise ValueError(f"evidence[{index}]: expected {listed(EVIDENCE)}, found {one['kind']!r}")
    return Evidence(
        one["kind"],
        _moment(f"evidence[{index}].taken", one["taken"]),
        ok=bool(one["ok"]),
        instances=frozenset(one.get("instances") or ()),
        since=_optional(index, "since", one),
        reference=one.get("reference") or "",
        recovery_point=_optional(index, "recovery_point", one),
    )


def _optional(index: int, name: str, one: Mapping[str, Any]) -> datetime | None:
    return _moment(f"evidence[{index}].{name}", one[name]) if one.get(name) else None


def _moment(where: str, text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{where}: expected a time such as 2026-11-23T22:00+01:00, found {text!r}") from error
    if found.tzinfo is None:
        raise ValueError(f"{where}: expected a time with its zone, found {text!r}")
    return found
