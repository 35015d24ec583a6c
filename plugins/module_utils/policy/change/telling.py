# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate's answer in sentences, for who stands at the terminal."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.plan import Plan, Step
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.words import Part


def sentences(found: Verdict, plan: Plan, done: Collection[str] = ()) -> str:
    """Return the answer, with every reason, and how to go on."""
    return "\n".join(_lines(found, plan, done))


def _lines(found: Verdict, plan: Plan, done: Collection[str]) -> Iterator[str]:
    what = f"{plan.change or 'A run without a change'} on {plan.estate}, plan {plan.digest}"
    if found.ok:
        yield f"{what}: may run"
        if found.facts.get("governed") is False:
            yield "Nothing is laid down for this estate, and in development nothing has to be."
        if found.facts.get("closes"):
            yield f"It has to be done by {found.facts['closes']}."
        if plan.no_return and plan.no_return not in done:
            yield f"The way back is open until {plan.no_return}; from there on there is only forward."
        yield from _known(found)
        if found.facts.get("review"):
            review = found.facts["review"]
            yield f"It has to be reviewed by {review['due']}, by {' or '.join(review['roles'])}."
            if review.get("waits"):
                yield "The review waits on this machine until a run from here can open it, and stops nothing elsewhere."
        return
    count = len(found.reasons)
    yield f"{what}: may not run, for {count} reason{'s' if count > 1 else ''}"
    yield from (f"- {reason}" for reason in found.reasons)
    yield from _known(found)
    if found.facts.get("next_opening") and any(reason.startswith(("window", "freeze")) for reason in found.reasons):
        yield f"The next opening is {found.facts['next_opening']}."
    left = [step.name for step in plan.steps if step.name not in done]
    if done and left:
        yield f"Done are {', '.join(sorted(done))}; left are {', '.join(left)}."
        if plan.no_return:
            behind = plan.no_return in done
            yield f"{plan.no_return} is {'behind: there is only forward' if behind else 'ahead: the way back is open'}."
        yield "Run it again when it may."


def _known(found: Verdict) -> Iterator[str]:
    """Yield what is known of other changes, and how far."""
    yield from (f"{one}." for one in found.facts.get("beside", ()))
    if found.facts.get("copy"):
        yield f"What stands half way is known by this machine's copy of the ledger, which ends {found.facts['copy']}."


def steps(plan: Plan) -> Iterator[str]:
    """Yield what a plan does, for who has to decide about it: all that makes its digest, which is what he signs."""
    place = ", ".join(filter(None, (plan.target.environment, plan.target.kind)))
    yield f"{plan.change or 'No change'}: {plan.playbook} on {plan.estate} ({place})"
    yield from _touched(plan.target.parts)
    yield f"Stands on commit {plan.commit} of policy and change" if plan.commit else "Stands on no commit of any policy"
    yield from (f"Called with {name}={value}" for name, value in plan.given.items())
    for name in dict.fromkeys((*plan.before, *plan.after)):
        yield f"{name}: {_becomes(plan.before.get(name), plan.after.get(name))}"
    for number, step in enumerate(plan.steps, start=1):
        yield f"{number}. {''.join(_step(step, plan))}"
    back = plan.rollback or "as each step says"
    yield f"Outage up to {plan.outage_seconds} s; way back, {plan.rollback_seconds} s: {back}"


def _touched(parts: Sequence[Part]) -> Iterator[str]:
    """Yield which instances are touched, and where; those of the same ring, sites and planes together."""
    places: dict[str, list[tuple[str, ...]]] = {}
    for part in parts:
        places.setdefault(part.instance, []).append((part.ring, part.site, part.plane))
    alike: dict[tuple[tuple[str, ...], ...], list[str]] = {}
    for instance, where in places.items():
        alike.setdefault(tuple(where), []).append(instance)
    for there, instances in alike.items():
        rings, sites, planes = (", ".join(dict.fromkeys(filter(None, names))) for names in zip(*there, strict=True))
        said = {"instances": ", ".join(instances) or "all", "rings": rings, "sites": sites, "planes": planes or "all"}
        yield f"Touches {'; '.join(f'{name} {names}' for name, names in said.items() if names)}"


def _step(step: Step, plan: Plan) -> Iterator[str]:
    yield step.name
    if step.hosts:
        yield f" on {', '.join(step.hosts)}"
    yield f", {step.seconds} s"
    if step.instances:
        every = len(step.instances) > 1 and step.instances == plan.target.instances
        yield f", for {'all these instances' if every else ', '.join(step.instances)}"
    if step.reason:
        yield f" ({step.reason})"
    if step.name == plan.no_return:
        yield "; from here there is only forward"
    if step.undo:
        yield f"; way back: {step.undo}"


def _becomes(before: str | None, after: str | None) -> str:
    if before in (None, after):
        return f"{after}{' as before' if before else ''}"
    return f"{before} becomes {after or 'nothing'}"
