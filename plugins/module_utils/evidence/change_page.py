# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change as a page: what was planned, who approved it, what happened when, what it changed and what was verified."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.evidence.page import (
    Markup,
    Table,
    listing,
    mapping_table,
    page,
    shown,
    verdict,
)
from ansible_collections.erpops.estate.plugins.module_utils.evidence.record import SUCCEEDED, Record, Step
from ansible_collections.erpops.estate.plugins.module_utils.evidence.timeline import duration, timeline

PLAN_KEYS = ("name", "hosts", "instances", "reason", "seconds", "undo")


def render(change: str, runs: Sequence[tuple[Mapping[str, Any], Record]]) -> str:
    """Return the page of a change: its runs, the oldest first, each with its entry in the ledger."""
    records = [record for _entry, record in runs]
    if not records:
        return page(change, "no run of it is in the ledger", [])
    last = records[-1]
    sections = [("", _verdict(last, len(runs)))]
    planned = next((record for record in reversed(records) if record.plan), None)
    if planned:
        sections.append(("Plan", _plan(planned)))
    sections += _approvals(records)
    for number, (entry, record) in enumerate(runs, 1):
        sections += _run(f" of run {number}" if len(runs) > 1 else "", entry, record)
    return page(f"Change {change}", f"estate {last.estate}, {records[0].started} to {last.ended}", sections)


def _verdict(record: Record, count: int) -> Markup:
    wrong = [check for check in record.verification if check.get("ok") is False]
    well = record.outcome == SUCCEEDED and not wrong
    times = "" if count == 1 else f", the last of {count} runs"
    text = f"{record.playbook} {record.outcome} in {duration(record.seconds)}{times}; it changed {_times(record)}."
    failures = [failure for failure in record.failures if not failure.ignored]
    details = [f"{failure.host}: {failure.task}: {failure.message}" for failure in failures]
    details += [f"not verified: {check.get('name')}: {shown(check.get('details'))}" for check in wrong]
    return verdict(text, well=well, details=details)


def _times(record: Record) -> str:
    hosts = {host for step in record.steps for host in step.changed}
    return f"{len(hosts)} hosts in {record.changes()} places" if hosts else "nothing"


def _plan(record: Record) -> Markup:
    plan = record.plan
    steps = [step for step in plan.get("steps", ()) if isinstance(step, Mapping)]
    said = [f"digest {record.plan_digest}", f"commit {plan['commit']}" if plan.get("commit") else ""]
    said += [f"no way back from: {plan['no_return']}" if plan.get("no_return") else ""]
    said += [f"rollback: {plan['rollback']}" if plan.get("rollback") else ""]
    keys = [key for key in PLAN_KEYS if any(step.get(key) for step in steps)]
    return Markup(listing(filter(None, said)).html + (mapping_table(steps, keys).html if steps else ""))


def _approvals(records: Sequence[Record]) -> Iterator[tuple[str, Markup]]:
    given = [entry for record in records for entry in record.approvals]
    rows = [entry for entry in given if isinstance(entry, Mapping)]
    if rows:
        yield "Approvals", mapping_table(rows, list(dict.fromkeys(key for row in rows for key in row)))
        return
    # Without the approvals themselves, those that the gate has counted.
    counted = [found.get("approvals") for record in records for found in record.verdicts]
    texts = dict.fromkeys(shown(found) for found in (*given, *counted) if found)
    if texts:
        yield "Approvals", listing(texts)


def _run(which: str, entry: Mapping[str, Any], record: Record) -> Iterator[tuple[str, Markup]]:
    if record.verdicts:
        yield f"Verdicts of the gate{which}", _verdicts(record)
    yield f"Timeline{which}", timeline(record.steps, record.seconds)
    if any(_told(step) for step in record.steps):
        yield f"What changed{which}", _changed([step for step in record.steps if _told(step)])
    names = list(dict.fromkeys((*record.before, *record.after)))
    if names:
        states = [(name, shown(record.before.get(name)), shown(record.after.get(name))) for name in names]
        yield f"Before and after{which}", Table(("What", "Before", "After"), states).markup()
    if record.verification:
        yield f"Verification{which}", _verification(record.verification)
    yield f"Evidence{which}", _evidence(entry, record)


def _told(step: Step) -> bool:
    return bool(step.changed or step.failed or step.unreachable)


def _changed(steps: Sequence[Step]) -> Markup:
    bad = [[*step.failed, *step.unreachable] for step in steps]
    rows = [
        (step.task, step.action, shown(step.changed), shown(failed)) for step, failed in zip(steps, bad, strict=True)
    ]
    return Table(("Task", "Action", "Changed", "Failed"), rows, ["ill" if failed else "" for failed in bad]).markup()


def _verification(checks: Sequence[Mapping[str, Any]]) -> Markup:
    rows = [tuple(shown(check.get(key)) for key in ("name", "ok", "details")) for check in checks]
    marks = ["ill" if check.get("ok") is False else "" for check in checks]
    return Table(("What", "As it should be", "Details"), rows, marks).markup()


def _verdicts(record: Record) -> Markup:
    rows = []
    for found in record.verdicts:
        besides = [f"{key}: {shown(found[key])}" for key in ("waivers", "skipped", "next_opening") if found.get(key)]
        said = "yes" if found.get("ok") else "no"
        rows.append((shown(found.get("at")), said, shown(found.get("reasons")), "; ".join(besides)))
    marks = ["" if said == "yes" else "ill" for _at, said, _reasons, _besides in rows]
    return Table(("At", "May it run", "Reasons", "Besides"), rows, marks).markup()


def _evidence(entry: Mapping[str, Any], record: Record) -> Markup:
    cost = record.spent
    rows: list[tuple[str, str | Markup]] = [
        ("Entry of the ledger", shown(entry.get("n"))),
        ("Record, by SHA-256", Markup(f"<code>{escape(shown(entry.get('record')))}</code>")),
        ("Run", Markup(f"<code>{escape(record.run)}</code>")),
        ("Who and from where", "; ".join(f"{name} {shown(value)}" for name, value in record.origin.items())),
        ("Recording took", f"{cost.total_ms} ms for {cost.events} events, the longest {cost.worst_us / 1000:.1f} ms"),
    ]
    return Table(("", ""), rows).markup()
