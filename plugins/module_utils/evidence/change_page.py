# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change as a page: what was planned, who approved it, what happened when, what it changed and what was verified."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.evidence.entry import REVIEWED, UNGATED
from ansible_collections.erpops.estate.plugins.module_utils.evidence.page import (
    Markup,
    Table,
    listing,
    mapping_table,
    moment,
    page,
    shown,
    verdict,
)
from ansible_collections.erpops.estate.plugins.module_utils.evidence.record import SUCCEEDED, Record, Spent, Step
from ansible_collections.erpops.estate.plugins.module_utils.evidence.timeline import duration, timeline
from ansible_collections.erpops.estate.plugins.module_utils.evidence.unfinished import Unfinished, unfinished

PLAN_KEYS = ("name", "hosts", "instances", "reason", "seconds", "undo")
ABOUT = ("title", "reason", "requester")
# Of approvals: what comes first, what is the same in all of them and stands elsewhere on the page, and what means
# nothing years later.
FIRST = ("person", "decision", "given", "expires", "fault")
SAID_ONCE = ("format", "change", "estate", "environment", "plan")
GONE = ("where",)
# What a verdict stood on, and what followed from it.
STOOD_ON = {
    "approvals": "approved by",
    "evidence": "evidence",
    "waivers": "waived by",
    "break_glass": "by break-glass, because",
    "skipped": "skipped",
}
BESIDES = {"yes": {**STOOD_ON, "closes": "the window closes"}, "no": {**STOOD_ON, "next_opening": "opens next"}}


def render(
    change: str, runs: Sequence[tuple[Mapping[str, Any], Record]], entries: Iterable[Mapping[str, Any]] = ()
) -> str:
    """Return the page of a change: its runs, the oldest first, each with its entry in the ledger.

    ``entries`` are all that the ledger has of the change, so that a run that left no record is not missed.
    """
    known = list(entries)
    records, lost = [record for _entry, record in runs], unfinished(known)
    bare = [entry for entry in known if entry.get(UNGATED)]
    if not records and not lost:
        return page(change, "no run of it is in the ledger", [])
    without = [("Runs that were killed or never closed", _unfinished(lost))] if lost else []
    without += [("Runs that changed something without the gate's yes", _ungated(bare))] if bare else []
    looked_at = list(_reviews([entry for entry in known if entry.get("event") == REVIEWED]))
    if not records:
        return page(f"Change {change}", "no run of it has left a record", [*without, *looked_at])
    last = records[-1]
    since = [one for one in lost if one.n > int(runs[-1][0].get("n") or 0)]
    sections = [("", _verdict(last, len(runs), since, gated=not runs[-1][0].get(UNGATED))), *without]
    sections += _about(records)
    planned = next((record for record in reversed(records) if record.plan), None)
    if planned:
        sections.append(("Plan", _plan(planned)))
    sections += _approvals(records)
    sections += looked_at
    for number, (entry, record) in enumerate(runs, 1):
        sections += _run(f" of run {number}" if len(runs) > 1 else "", entry, record)
    return page(
        f"Change {change}", f"estate {last.estate}, {moment(records[0].started)} to {moment(last.ended)}", sections
    )


def _verdict(record: Record, count: int, since: Sequence[Unfinished], *, gated: bool) -> Markup:
    wrong = [check for check in record.verification if check.get("ok") is False]
    well = record.outcome == SUCCEEDED and gated and not wrong and not since
    times = "" if count == 1 else f", the last of {count} runs"
    text = f"{record.playbook} {record.outcome} in {duration(record.seconds)}{times}; it changed {_times(record)}."
    failures = [failure for failure in record.failures if not failure.ignored]
    details = [f"{failure.host}: {failure.task}: {failure.message}" for failure in failures]
    details += [f"not verified: {check.get('name')}: {shown(check.get('details'))}" for check in wrong]
    details += [f"run {one.allowed.get('run')} began after it and was {one.end}" for one in since]
    details += [] if gated else ["it changed something without the gate's yes"]
    return verdict(text, well=well, details=details)


def _unfinished(lost: Sequence[Unfinished]) -> Markup:
    rows = [
        (
            moment(one.allowed.get("at")),
            f"{shown(one.allowed.get('playbook'))} {one.allowed.get('run')}",
            shown(one.allowed.get("launcher")),
            shown(one.allowed.get("break_glass") or False),
            shown(one.allowed.get("plan")),
            one.n,
            one.end,
        )
        for one in lost
    ]
    heads = ("Let through", "Run", "Launched by", "By break-glass", "Plan", "Entry", "End")
    return Table(heads, rows, ["ill"] * len(rows)).markup()


def _ungated(bare: Sequence[Mapping[str, Any]]) -> Markup:
    rows = [
        (moment(entry.get("at")), f"{shown(entry.get('playbook'))} {entry.get('run')}", *_counted(entry))
        for entry in bare
    ]
    return Table(("Ended", "Run", "Changes", "Entry"), rows, ["ill"] * len(rows)).markup()


def _counted(entry: Mapping[str, Any]) -> Sequence[str]:
    return [shown(entry.get(name)) for name in ("changed", "n")]


def _times(record: Record) -> str:
    hosts = {host for step in record.steps for host in step.changed}
    return f"{len(hosts)} hosts in {record.changes()} places" if hosts else "nothing"


def _about(records: Sequence[Record]) -> Iterator[tuple[str, Markup]]:
    """Say what was changed and why, as the newest run knew it."""
    verdicts = [found for record in records for found in record.verdicts if found.get("about")]
    if verdicts:
        about = verdicts[-1]["about"]
        names = [*(name for name in ABOUT if name in about), *(name for name in about if name not in ABOUT)]
        rows = [(name.capitalize(), shown(about[name])) for name in names]
        yield "What it is about", Table(("", ""), rows).markup()


def _plan(record: Record) -> Markup:
    plan = record.plan
    steps = [step for step in plan.get("steps", ()) if isinstance(step, Mapping)]
    said = [f"digest {record.plan_digest}", f"commit {plan['commit']}" if plan.get("commit") else ""]
    said += [f"{plan['playbook']}, called with {shown(plan.get('given')) or 'nothing'}" if plan.get("playbook") else ""]
    said += [f"users wait for {plan['outage_seconds']} s at most" if plan.get("outage_seconds") else ""]
    said += [f"no way back from: {plan['no_return']}" if plan.get("no_return") else ""]
    said += [f"rollback: {plan['rollback']}" if plan.get("rollback") else ""]
    keys = [key for key in PLAN_KEYS if any(step.get(key) for step in steps)]
    parts = [listing(filter(None, said)), *_states(plan.get("before") or {}, plan.get("after") or {})]
    return Markup("".join(part.html for part in [*parts, *([mapping_table(steps, keys)] if steps else [])]))


def _states(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Markup]:
    names = list(dict.fromkeys((*before, *after)))
    if names:
        rows = [(name, shown(before.get(name)), shown(after.get(name))) for name in names]
        yield Table(("What", "Before", "After"), rows).markup()


def _approvals(records: Sequence[Record]) -> Iterator[tuple[str, Markup]]:
    given = [entry for record in records for entry in record.approvals]
    # The gate has seen each of them as often as it was asked.
    rows = _once([entry for entry in given if isinstance(entry, Mapping)])
    if rows:
        known = [key for key in SAID_ONCE if len({shown(row.get(key)) for row in rows}) == 1]
        keys = list(dict.fromkeys((*FIRST, *(key for row in rows for key in row))))
        keys = [key for key in keys if key not in (*known, *GONE) and any(row.get(key) for row in rows)]
        yield "Approvals", mapping_table([{key: moment(row.get(key)) for key in keys} for row in rows], keys)
        return
    # Without the approvals themselves, those that the gate has counted.
    counted = [found.get("approvals") for record in records for found in record.verdicts]
    texts = dict.fromkeys(shown(found) for found in (*given, *counted) if found)
    if texts:
        yield "Approvals", listing(texts)


def _reviews(entries: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Markup]]:
    """Say who has looked at its break-glass runs, whichever run's gate saw that they had."""
    rows = [
        (
            *(shown(found.get(name)) for name in ("ran", "by")),
            *(moment(found.get(name)) for name in ("given", "due")),
            "late" if found.get("late") else "in time",
            shown(found["n"]),
        )
        for found in entries
    ]
    if rows:
        heads = ("Run by", "Reviewed by", "At", "Due by", "So", "Entry")
        yield "Reviews of break-glass", Table(heads, rows, ["ill" if row[4] == "late" else "" for row in rows]).markup()


def _once(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [row for index, row in enumerate(rows) if row not in rows[:index]]


def _run(which: str, entry: Mapping[str, Any], record: Record) -> Iterator[tuple[str, Markup]]:
    if record.verdicts:
        yield f"Verdicts of the gate{which}", _verdicts(record)
    yield f"Timeline{which}", timeline(record.steps, record.seconds)
    if any(_told(step) for step in record.steps):
        yield f"What changed{which}", _changed([step for step in record.steps if _told(step)])
    for states in _states(record.before, record.after):
        yield f"Before and after{which}", states
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
        said = "yes" if found.get("ok") else "no"
        besides = [f"{word} {moment(found[key])}" for key, word in BESIDES[said].items() if found.get(key)]
        rows.append((moment(found.get("at")), said, shown(found.get("reasons")), "; ".join(besides)))
    marks = ["" if said == "yes" else "ill" for _at, said, _reasons, _besides in rows]
    return Table(("At", "May it run", "Reasons", "Besides"), rows, marks).markup()


def _parts(cost: Spent) -> Iterator[str]:
    yield f"{cost.opening_ms} ms for the first entry"
    if cost.allowing_ms:
        yield f"{cost.allowing_ms} ms of these events for the one of the gate's yes"
    yield f"{cost.ending_ms} ms for the record"


def _evidence(entry: Mapping[str, Any], record: Record) -> Markup:
    cost = record.spent
    events = f"{cost.total_ms} ms for {cost.events} events, the longest {cost.worst_us / 1000:.1f} ms"
    rows: list[tuple[str, str | Markup]] = [
        ("Entry of the ledger", shown(entry.get("n"))),
        ("Record, by SHA-256", Markup(f"<code>{escape(shown(entry.get('record')))}</code>")),
        ("Run", Markup(f"<code>{escape(record.run)}</code>")),
        ("Who and from where", "; ".join(f"{name} {shown(value)}" for name, value in record.origin.items())),
        ("Recording took", f"{events}; {', '.join(_parts(cost))}"),
    ]
    return Table(("", ""), rows).markup()
