# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan from plain data, as a playbook makes it or a file keeps it; what it leaves open, the change itself says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy.change.plan import FORMAT, Plan, Step
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.requests import target
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.situation import Governance
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.words import Part, Target
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_model import listed

TEXT, NUMBER, TEXTS, NAMED, MANY, MAPPING = "text", "seconds", "texts", "texts by name", "a list", "a mapping"
PLAN: Mapping[str, str] = {
    "change": TEXT,
    "playbook": TEXT,
    "estate": TEXT,
    "target": MAPPING,
    "commit": TEXT,
    "steps": MANY,
    "rollback": TEXT,
    "given": NAMED,
    "before": NAMED,
    "after": NAMED,
    "no_return": TEXT,
    "outage_seconds": NUMBER,
    "rollback_seconds": NUMBER,
}
STEP: Mapping[str, str] = {
    "name": TEXT,
    "hosts": TEXTS,
    "instances": TEXTS,
    "reason": TEXT,
    "seconds": NUMBER,
    "undo": TEXT,
}
TARGET: Mapping[str, str] = {"environment": TEXT, "kind": TEXT, "parts": MANY}
TOUCHES: Mapping[str, str] = {"instances": TEXTS, "planes": TEXTS}
PART: Mapping[str, str] = {"instance": TEXT, "ring": TEXT, "site": TEXT, "plane": TEXT}


def completed(data: Mapping[str, Any], governance: Governance | None, *, estate: str, environment: str) -> Plan:
    """Return the plan of data; where they do not say estate, target, commit or rollback, estate and change do.

    The target is what the change names, or what ``touches`` says of it. Without governance there is nothing to stand
    on, and nothing to add.
    """
    said = dict(data)
    touches = _touches(said.pop("touches", None))
    found = governance.changes.get(str(said.get("change"))) if governance else None
    aim = target(found, governance.policy, touches) if governance and found else Target(environment, "")
    filled: dict[str, Any] = {
        "estate": estate,
        "target": {"environment": aim.environment, "kind": aim.kind, "parts": [dict(vars(part)) for part in aim.parts]},
        "commit": governance.grounds.get(found.id, "") if governance and found else "",
        "rollback": found.rollback if found else "",
    }
    return plan_of({**filled, **said})


def _touches(said: Any) -> Mapping[str, Sequence[str]]:
    wrong = list(_wrong(said, TOUCHES, (), "touches.")) if said is not None else []
    if wrong:
        raise ValueError(f"plan: {'; '.join(wrong)}")
    return said or {}


def plan_of(data: Any) -> Plan:
    """Return the plan of plain data; raise ValueError with everything that is wrong in it."""
    problems = list(_problems(data))
    if problems:
        raise ValueError(f"plan: {'; '.join(problems)}")
    said = {key: value for key, value in data.items() if key != "format"}
    steps = tuple(_step(step) for step in said["steps"])
    aim = said["target"]
    parts = tuple(Part(**part) for part in aim["parts"])
    return Plan(**{**said, "steps": steps, "target": Target(aim["environment"], aim["kind"], parts)})


def _step(data: Mapping[str, Any]) -> Step:
    named: dict[str, Any] = {key: tuple(data[key]) for key in ("hosts", "instances") if key in data}
    return Step(**{**data, **named})


def _problems(data: Any) -> Iterator[str]:
    if not isinstance(data, Mapping):
        yield f"expected a mapping, found {type(data).__name__}"
        return
    if data.get("format", FORMAT) != FORMAT:
        yield f"expected format {FORMAT}, found {data['format']!r}"
    rest = {key: value for key, value in data.items() if key != "format"}
    needed = ("change", "playbook", "estate", "target", "commit", "steps", "rollback")
    wrong = list(_wrong(rest, PLAN, needed, ""))
    yield from wrong
    if wrong:
        return
    yield from _wrong(rest["target"], TARGET, tuple(TARGET), "target.")
    parts = rest["target"].get("parts")
    for index, part in enumerate(parts if isinstance(parts, Sequence) else ()):
        yield from _wrong(part, PART, (), f"target.parts[{index}].")
    for index, step in enumerate(rest["steps"]):
        yield from _wrong(step, STEP, ("name",), f"steps[{index}].")
    names = [step.get("name") for step in rest["steps"] if isinstance(step, Mapping)]
    doubles = sorted({str(name) for name in names if names.count(name) > 1})
    if rest.get("no_return", "") not in ("", *names):
        yield f"no_return: expected the name of a step, found {rest['no_return']!r}"
    if doubles:
        # What is done is told by its name: one that stands for two would count twice.
        yield f"steps: expected each name once, found {listed(doubles)} again"


def _wrong(data: Any, spec: Mapping[str, str], needed: Sequence[str], path: str) -> Iterator[str]:
    if not isinstance(data, Mapping):
        yield f"{path.rstrip('.')}: expected a mapping, found {type(data).__name__}"
        return
    for key in needed:
        if key not in data:
            yield f"{path}{key}: expected {spec[key]}, found nothing"
    for key, value in data.items():
        if key not in spec:
            yield f"{path}{key}: expected {listed(spec)}, found another name"
        elif not _fits(value, spec[key]):
            yield f"{path}{key}: expected {spec[key]}, found {str(value)[:40]!r}"


def _fits(value: Any, kind: str) -> bool:
    if kind == TEXT:
        return isinstance(value, str)
    if kind == NUMBER:
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    if kind in (MAPPING, NAMED):
        return isinstance(value, Mapping) and (
            kind == MAPPING or all(isinstance(entry, str) for pair in value.items() for entry in pair)
        )
    return (
        isinstance(value, Sequence)
        and not isinstance(value, str | bytes)
        and (kind == MANY or all(isinstance(entry, str) for entry in value))
    )
