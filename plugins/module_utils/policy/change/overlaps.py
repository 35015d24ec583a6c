# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds of change that may not overlap: which changes may not be under way beside one, and which of them are.

The change lock keeps two *runs* apart, whatever their kinds, for as long as one lasts. This is about *changes*: one
that was stopped half way is under way without any run, and nobody holds the lock for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

from ansible_collections.erpops.estate.plugins.module_utils.policy.change.plan import Plan
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.requests import OPEN, Change, target
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.situation import Governance, Run
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.words import Target


def apart(governance: Governance, plan: Plan) -> Mapping[str, Change]:
    """Return the open changes that may not be under way beside this plan, whichever of the two says so.

    One that its file calls done or withdrawn is under way no more: that is an owner's signed word.
    """
    mine, policy = plan.target, governance.policy

    def minds(aim: Target, kind: str) -> bool:
        return kind in policy.needs(aim)[0].not_beside

    return {
        other.id: other
        for other in governance.changes.values()
        if (other.state, other.environment) == (OPEN, mine.environment)
        and other.id != plan.change
        and (minds(mine, other.kind) or minds(target(other, policy), mine.kind))
    }


def objections(governance: Governance, run: Run) -> Iterator[str]:
    """Yield what is under way and may not be.

    Of two that stand half way (by break-glass, or by a rule younger than both) the one that began first goes on;
    otherwise neither ever could.
    """
    others = apart(governance, run.plan)
    for one in run.under_way:
        if one.change in others and not (run.begun and run.begun <= one.since):
            kind = others[one.change].kind
            found = f"found {one.change} by {one.owner or 'nobody known'} since {one.since}, {one.how}"
            remedy = f"let it be finished, or say in {others[one.change].where} that it is done or withdrawn"
            yield f"overlap: expected no {kind} beside {run.plan.target.kind}, {found}; {remedy}"


def neighbours(governance: Governance, run: Run) -> list[str]:
    """Return who wishes to run at the same time and may not then: who plans can still move one of the two.

    It is no objection. Two that wish the same night would each stop the other, and neither has begun.
    """
    found = governance.changes.get(run.plan.change)
    until = run.now + timedelta(seconds=run.plan.remaining_seconds(run.done))
    start, end = found.window if found and found.window else (run.now, until)
    return [
        f"{other.id} ({other.kind}) wishes to run from {other.window[0].isoformat()} to {other.window[1].isoformat()},"
        f" and may not while {run.plan.change} is under way"
        for other in apart(governance, run.plan).values()
        if other.window and max(start, run.now, other.window[0]) < min(end, other.window[1])
    ]
