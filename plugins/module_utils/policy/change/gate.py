# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The change gate: may this run do what its plan says, now? One answer, with every reason against it.

The same data gives the same answer at the bastion and in AWX. What is not known is no: a kind of evidence that nobody
produces is missing, a tier without a rule is refused, a moment that no calendar was read for is closed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict
from ansible_collections.erpops.estate.plugins.module_utils.policy.change import overlaps
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.approvals import Asked, Tally, tally
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.calendar import Opening, opening
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.proofs import Proofs, judge, window_waivers
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.requests import OPEN, Change, Waiver, target
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.rules import BreakGlass, Rule
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.schemas import BREAK_GLASS_SKIPS
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.situation import Governance, Run
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.words import Part
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_model import listed

# By what a launcher can be known.
PROOFS = ("awx", "signature")
# What the record keeps of a change: who reads it years later does not have the repository.
ABOUT = ("title", "reason", "kind", "environment", "instances", "requester", "risk")
EXPLAIN = "nothing runs until that is explained and mended as docs/ledger.md says"


@dataclass(frozen=True)
class _Glass:
    """A break-glass run: what it may skip, and what stands against it."""

    rule: BreakGlass | None = None
    objections: tuple[str, ...] = ()

    def skips(self, what: str) -> bool:
        return self.rule is not None and not self.objections and what in self.rule.skips


def verdict(governance: Governance, run: Run) -> Verdict:
    """Return yes, or no with all reasons; the facts say what was counted and when it may be tried again."""
    found = governance.changes.get(run.plan.change)
    needed, no_rule = governance.policy.needs(run.plan.target)
    glass = _break_glass(governance, run)
    proofs = judge(governance, run, needed)
    opened, excused = _opening(governance, run, found, needed, glass)
    counted = _approvals(governance, run, found, needed)
    approved = not counted.missing or glass.skips("approvals")
    objections = [
        *run.objections,
        *no_rule,
        *_change(governance, run, found, wished=not glass.skips("window")),
        *opened.objections,
        *(() if approved else (*counted.missing, *counted.refused, *run.unread)),
        *_launcher(governance, run, needed, glass),
        *proofs.objections,
        *(() if glass.skips("overlap") else overlaps.objections(governance, run)),
        *_lock(run),
        *_tier(governance, run),
        *_recorder(run),
        *glass.objections,
        *_reviews(run),
        *_clocks(governance, run),
    ]
    facts = _facts(governance, run, needed=needed, glass=glass, opened=opened, counted=counted, proofs=proofs)
    facts["about"] = {name: getattr(found, name) for name in ABOUT} if found else {}
    waivers = dict.fromkeys(f"{waiver.id} of {waiver.owner}: {waiver.reason}" for waiver in (*proofs.excused, *excused))
    facts["waivers"] = list(waivers)
    return Verdict.of(dict.fromkeys(objections), **facts)


def _opening(
    governance: Governance, run: Run, found: Change | None, needed: Rule, glass: _Glass
) -> tuple[Opening, list[Waiver]]:
    """Ask the calendars; where only the window is missing, a waiver may excuse it."""
    target = run.plan.target
    own = found.window if found and not glass.skips("window") else None
    wished = (math.ceil(own[0].timestamp()), math.floor(own[1].timestamp())) if own else None

    def judged(window: bool) -> Opening:
        seconds = run.plan.remaining_seconds(run.done, run.known) + 60 * needed.margin_minutes
        freeze = not glass.skips("freeze")
        return opening(
            governance.calendars,
            target,
            now=run.now,
            needed_seconds=seconds,
            window=window,
            freeze=freeze,
            wished=wished,
        )

    window = needed.window and not glass.skips("window")
    opened = judged(window)
    excused = window_waivers(governance.waivers, target, run.now) if window and opened.objections else []
    return (judged(window=False), excused) if excused else (opened, [])


def _change(governance: Governance, run: Run, found: Change | None, *, wished: bool) -> Iterator[str]:
    """The plan has to be a plan of the change, made from what stands now."""
    plan = run.plan
    if found is None:
        yield f"change: expected {plan.change or 'a change'} in changes/, found none at commit {governance.commit[:12]}"
        return
    if found.state != OPEN:
        yield f"change: expected {found.id} to be open, found it {found.state} ({found.where})"
    for what in ("kind", "environment"):
        mine, theirs = getattr(plan.target, what), getattr(found, what)
        if mine != theirs:
            yield f"plan: expected {what} {theirs} as {found.id} says, found {mine}"
    if not plan.target.parts:
        # No part would need a window, and no freeze would be meant.
        yield "plan: expected to say what it touches, found nothing"
    allowed = target(found, governance.policy).parts
    for part in plan.target.parts:
        if not any(_within(part, other) for other in allowed):
            yield f"plan: expected nothing but what {found.id} names, found {part}"
    ground = governance.grounds.get(found.id, "")
    if plan.commit != ground:
        stands = (
            f"plan: expected to stand on commit {ground[:12] or 'nobody knows'}, found {plan.commit[:12] or 'none'}"
        )
        yield f"{stands}; policy or change were altered since: make the plan anew and have it approved"
    if not plan.rollback.strip():
        yield "plan: expected a way back, found none; say how the change is undone"
    if wished and found.window and not found.window[0] <= run.now < found.window[1]:
        start, end = (moment.isoformat() for moment in found.window)
        yield f"change: expected to run from {start} to {end} as {found.id} asks, found {run.now.isoformat()}"


def _within(part: Part, other: Part) -> bool:
    return all(not theirs or vars(part)[name] == theirs for name, theirs in vars(other).items())


def _approvals(governance: Governance, run: Run, found: Change | None, needed: Rule) -> Tally:
    plan = run.plan
    asked = Asked(
        plan=plan.digest,
        change=plan.change,
        estate=plan.estate,
        environment=plan.target.environment,
        requester=found.requester if found else "",
        launcher=run.launcher.person,
    )
    return tally(run.approvals, asked, needed.approvals, governance.people, run.now)


def _launcher(governance: Governance, run: Run, needed: Rule, glass: _Glass) -> Iterator[str]:
    person, proof = run.launcher.person, run.launcher.proof
    if not person or proof not in PROOFS:
        yield "launcher: expected to be known from AWX or by a signature, found nobody; sign the launch, or use AWX"
        yield from run.launcher.refused
    elif person not in governance.people:
        yield f"launcher: expected somebody of approvers/people.yml, found {person}"
    elif run.break_glass is None or glass.rule is None:
        roles = needed.launchers
        if roles is not None and not governance.people.has_role(person, roles):
            yield f"launcher: expected a role of {', '.join(sorted(roles)) or 'none at all'}, found {person} without"


def _lock(run: Run) -> Iterator[str]:
    """One run at a time, whatever its kind."""
    if run.lock_fault and run.break_glass is None:
        yield f"lock: expected to be seen, found {run.lock_fault}; only break-glass runs like that"
    lock = run.lock
    if lock and run.now < lock.expires and (lock.change, lock.owner) != (run.plan.change, run.owner):
        yield f"lock: expected to be free, found {lock.change} by {lock.owner} until {lock.expires.isoformat()}"


def _tier(governance: Governance, run: Run) -> Iterator[str]:
    """Neither the change nor its way back may take users longer than their tier allows."""
    back = max(run.plan.rollback_seconds, run.known.rollback_seconds)
    for name in run.plan.target.instances:
        tier = governance.policy.tier_of(name)
        if tier is None:
            yield f"tier: expected {name} among the policy's instances, found it without a tier"
            continue
        standing = governance.policy.instances[name]
        for what, seconds in (("an outage", run.plan.outage_seconds), ("a rollback", back)):
            if seconds > 60 * tier.rto_minutes:
                allowed = f"{name} ({standing.tier}) to be back within {tier.rto_minutes} min"
                yield f"tier: expected {allowed}, found {what} of {seconds} s"


def _recorder(run: Run) -> Iterator[str]:
    if not run.recorder.loaded:
        why = run.recorder.fault or "it missing; enable the collection's callback"
        yield f"recorder: expected to be loaded, found {why}"
    elif run.recorder.fault:
        yield f"ledger: expected to be whole, found {run.recorder.fault}; {EXPLAIN}"
    if run.recorder.spool and run.break_glass is None:
        yield "ledger: expected to be reached, found only this machine's spool; only break-glass runs like that"


def _break_glass(governance: Governance, run: Run) -> _Glass:
    if run.break_glass is None:
        return _Glass()
    environment = run.plan.target.environment
    rule = governance.policy.break_glass.get(environment)
    if rule is None:
        return _Glass(None, (f"break-glass: expected to be foreseen for {environment}, found no rule in the policy",))
    objections = []
    if not run.break_glass.strip():
        objections.append("break-glass: expected a reason, found none")
    if not governance.people.has_role(run.launcher.person, rule.roles):
        roles = ", ".join(sorted(rule.roles))
        objections.append(f"break-glass: expected a role of {roles}, found {run.launcher.person or 'nobody'} without")
    return _Glass(rule, tuple(objections))


def _reviews(run: Run) -> Iterator[str]:
    """Until somebody has looked at a break-glass run, nothing ordinary runs."""
    for review in run.reviews if run.break_glass is None else ():
        late = "overdue since" if run.now >= review.due else "due by"
        ran = " and ".join(f"{one.person} ran because {one.reason!r}" for one in review.ran)
        found = f"found it open, {late} {review.due.isoformat()}"
        yield f"review: expected break-glass {review.change}, which {ran}, to be reviewed, {found}"


def _clocks(governance: Governance, run: Run) -> Iterator[str]:
    most = governance.policy.clocks_apart_seconds
    for host, seconds in sorted(run.clocks.items()):
        if abs(seconds) > most:
            found = f"found it {seconds:+.1f} s off; mend its time service"
            yield f"clocks: expected {host} within {most} s of this one, {found}"
    touched = {host for step in run.plan.steps if step.name not in run.done for host in step.hosts}
    unknown = sorted(touched - run.clocks.keys() - run.away)
    if unknown:
        remedy = "have host_survey look at them, or see why they do not answer"
        yield f"clocks: expected to know those of all hosts of the plan, found none of {listed(unknown)}; {remedy}"


def _facts(
    governance: Governance,
    run: Run,
    *,
    needed: Rule,
    glass: _Glass,
    opened: Opening,
    counted: Tally,
    proofs: Proofs,
) -> dict[str, Any]:
    """What the record of the run keeps, and what a person needs to go on."""
    review = None
    if glass.rule and not glass.objections:
        due = run.now + timedelta(hours=glass.rule.review_within_hours)
        review = {"roles": sorted(glass.rule.review_roles), "due": due.isoformat()}
    return {
        "at": run.now.isoformat(),
        "commit": governance.commit,
        "plan": run.plan.digest,
        "rules": list(needed.where),
        "approvals": dict(sorted(counted.counted.items())),
        "approvals_refused": list(counted.refused),
        "evidence": list(proofs.used),
        "frozen": list(opened.freezes),
        "closes": _text(opened.closes),
        "next_opening": _text(opened.next),
        "break_glass": run.break_glass,
        "skipped": [what for what in BREAK_GLASS_SKIPS if glass.skips(what)],
        "review": review,
        "beside": overlaps.neighbours(governance, run),
    }


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
