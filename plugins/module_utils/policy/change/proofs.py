# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be proven before a change: evidence of a kind and an age, or a waiver somebody answers for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ansible_collections.erpops.estate.plugins.module_utils.policy.change.requests import Waiver
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.rules import Needed, Rule
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.situation import Evidence, Governance, Run
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.words import Target

BACKUP = "backup"
# What a clock may be ahead by before something counts as from the future.
AHEAD = timedelta(seconds=300)


@dataclass(frozen=True)
class Proofs:
    """What is missing, what was found, and what was excused."""

    objections: tuple[str, ...]
    used: tuple[str, ...]
    excused: tuple[Waiver, ...]


def judge(governance: Governance, run: Run, needed: Rule) -> Proofs:
    """Hold the evidence there is against what the rules need, for each instance of its own."""
    waivers, target = list(governance.waivers), run.plan.target
    objections, used, excused = [], [], []
    for instance in target.instances or ("",):
        for one in needed.evidence:
            fault, reference = _fault(one, instance, run.evidence, run.now)
            if not fault and one.kind == BACKUP:
                fault = _lost(run.evidence, instance, governance.policy.rpo_minutes(instance), run.now)
            waiver = _waiver(waivers, f"evidence:{one.kind}", target, instance, run.now) if fault else None
            if waiver:
                excused.append(waiver)
            elif fault:
                objections.append(f"evidence: expected {_called(one)} of {instance or 'the estate'}, found {fault}")
            else:
                used.append(reference)
    return Proofs(tuple(objections), tuple(dict.fromkeys(used)), tuple(excused))


def window_waivers(waivers: Iterable[Waiver], target: Target, now: datetime) -> list[Waiver]:
    """Return what excuses the change from a window for every instance, or nothing."""
    waivers = list(waivers)
    found = [_waiver(waivers, "window", target, instance, now) for instance in target.instances or ("",)]
    excused = [waiver for waiver in found if waiver]
    return excused if len(excused) == len(found) else []


def _newest(kind: str, instance: str, evidence: Sequence[Evidence]) -> Evidence | None:
    about = [one for one in evidence if one.kind == kind and (not one.instances or instance in one.instances)]
    return max(about, key=lambda one: one.taken, default=None)


def _lost(evidence: Sequence[Evidence], instance: str, minutes: int, now: datetime) -> str:
    """Return what is wrong where less could be restored, with the WAL after the backup, than may be lost."""
    backup = _newest(BACKUP, instance, evidence)
    point = backup.recovery_point if backup else None
    if point is None:
        return f"no recovery point with it, of which an RPO of {minutes} min has to be judged"
    found = (now - point).total_seconds() / 60
    return f"a recovery point {found:.0f} min back, beyond the RPO of {minutes} min" if found > minutes else ""


def _fault(needed: Needed, instance: str, evidence: Sequence[Evidence], now: datetime) -> tuple[str, str]:
    """Return what is wrong with the newest evidence of a kind, or which it is."""
    newest = _newest(needed.kind, instance, evidence)
    if newest is None:
        return "none", ""
    named = newest.reference or f"one of {newest.taken.isoformat()}"
    if newest.taken > now + AHEAD:
        return f"{named}, which is still to come: mend the clocks", ""
    if not newest.ok:
        return f"{named}, which failed", ""
    if now - newest.taken > timedelta(hours=needed.max_age_hours):
        return f"{named}, which is {(now - newest.taken).total_seconds() / 3600:.0f} h old", ""
    if needed.held_hours and (newest.since is None or newest.taken - newest.since < timedelta(hours=needed.held_hours)):
        return f"{named}, which has been true since {newest.since.isoformat() if newest.since else 'nobody knows'}", ""
    return "", f"{needed.kind}: {named}"


def _called(needed: Needed) -> str:
    held = f" that has held for {needed.held_hours} h" if needed.held_hours else ""
    return f"{needed.kind}{held} no older than {needed.max_age_hours} h"


def _waiver(waivers: Iterable[Waiver], requirement: str, target: Target, instance: str, now: datetime) -> Waiver | None:
    return next((one for one in waivers if one.covers(requirement, target, instance, now)), None)
