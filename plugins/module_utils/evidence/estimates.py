# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the steps of a plan took in earlier runs, and what the estate was left as, by the records of those runs.

Runs of the same change do not count: one that was stopped half way would alter the plan by which it may go on. Nor does
a record that cannot be read as one of a plan: an estimate is not worth a refusal.
Estimates are coarse for the same reason: plans that differ by a second would be two.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.evidence.record import SUCCEEDED, Record

# What an estimate may be; what is longer is a whole number of quarters of an hour.
SCALE = (10, 20, 30, 45, 60, 90, 120, 180, 300, 450, 600, 900)
# So many of the newest runs count for a step.
NEWEST = 10
Plan = Mapping[str, Any]
# A step with its hosts.
Where = tuple[str, tuple[str, ...]]


def estimated(plan: Plan, records: Sequence[Record]) -> dict[str, Any]:
    """Return the plan with the seconds that its steps took, in the median; ``records`` begin with the oldest.

    A step that no run has done keeps the seconds it has. The way back is said to take as long as all steps.
    """
    others, taken = [], dict[Where, list[float]]()
    for record in records:
        if record.change == plan["change"] or not _alike(record, plan):
            continue
        try:
            found = list(_located(record))
        except (AttributeError, KeyError, TypeError, ValueError):
            continue
        others.append(record)
        for where, seconds in found:
            taken.setdefault(where, []).append(seconds)
    steps = []
    for step in plan["steps"]:
        known = taken.get((step["name"], tuple(step.get("hosts", ()))), [])[-NEWEST:]
        steps.append({**step, "seconds": coarse(statistics.median(known)) if known else step.get("seconds", 0)})
    return _whole({**plan, "steps": steps, "before": _before(plan, others)})


def as_approved(plan: Plan, approved: Plan) -> dict[str, Any]:
    """Return the plan with the estimates of the one that was approved: what was judged then counts now."""
    seconds = {step["name"]: step["seconds"] for step in approved["steps"]}
    steps = [{**step, "seconds": seconds.get(step["name"], step.get("seconds", 0))} for step in plan["steps"]]
    return _whole({**plan, "steps": steps, "before": {**_known(plan, approved["before"]), **plan.get("before", {})}})


def durations(record: Record) -> Iterator[tuple[str, float]]:
    """Yield what each step took: the gate was asked before it, with all that was done, and again after it."""
    asked: dict[frozenset[str], datetime] = {}
    for verdict in record.verdicts:
        if verdict.get("ok") and verdict.get("at"):
            asked.setdefault(frozenset(verdict.get("done", ())), datetime.fromisoformat(verdict["at"]))
    moments = sorted(asked.items(), key=lambda pair: pair[1])
    if record.outcome == SUCCEEDED:
        everything = frozenset(step["name"] for step in record.plan.get("steps", ()))
        moments.append((everything, datetime.fromisoformat(record.ended)))
    for (done, began), (more, ended) in pairwise(moments):
        new = sorted(more - done)
        if len(new) == 1:
            yield new[0], (ended - began).total_seconds()


def coarse(seconds: float) -> int:
    """Return the next larger figure that an estimate may be."""
    return next((mark for mark in SCALE if seconds <= mark), -(-int(seconds) // SCALE[-1]) * SCALE[-1])


def _located(record: Record) -> Iterator[tuple[Where, float]]:
    """Yield what each step took on its hosts."""
    hosts = {step["name"]: tuple(step.get("hosts", ())) for step in record.plan["steps"]}
    for name, seconds in durations(record):
        yield (name, hosts.get(name, ())), seconds


def _alike(record: Record, plan: Plan) -> bool:
    found = record.plan
    return (
        isinstance(found, Mapping)
        and found.get("playbook") == plan["playbook"]
        and isinstance(found.get("steps"), list | tuple)
        and isinstance(found.get("after", {}), Mapping)
    )


def _before(plan: Plan, records: Iterable[Record]) -> dict[str, str]:
    """What the last run made of the estate is what the next one finds; where the playbook itself looks, it says."""
    last = next((record for record in reversed(list(records)) if record.outcome == SUCCEEDED), None)
    return {**_known(plan, (last.plan.get("after") or {}) if last else {}), **plan.get("before", {})}


def _known(plan: Plan, said: Mapping[str, str]) -> dict[str, str]:
    return {name: said[name] for name in plan.get("after", {}) if name in said}


def _whole(plan: dict[str, Any]) -> dict[str, Any]:
    return {"rollback_seconds": sum(step["seconds"] for step in plan["steps"]), **plan}
