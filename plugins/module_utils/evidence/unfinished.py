# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that the gate let through and that did not come to their end.

Of some there is no record, since nothing of them lived to write one. Others were stopped when they had changed
something: until their change is finished it is half way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.evidence.entry import ALLOWED, CLOSED, INTERRUPTED, UNGATED
from ansible_collections.erpops.estate.plugins.module_utils.evidence.record import SUCCEEDED

Steps = Sequence[Mapping[str, Any]]
# Steps with their hosts, by the digest of a plan; none where nobody knows it.
Plans = Callable[[str], Steps]
STILL = "it runs still, or was killed where no run has begun since"


@dataclass(frozen=True)
class Unfinished:
    """A run without a record: its entry of the gate's yes, and the one that says that it was killed, if any does."""

    allowed: Mapping[str, Any]
    killed: Mapping[str, Any] | None = None

    @property
    def n(self) -> int:
        """Return the number of the entry by which it was let through."""
        return int(self.allowed["n"])

    @property
    def end(self) -> str:
        """Return what is known of its end."""
        if self.killed is None:
            return f"never closed: {STILL}"
        return f"killed: {self.killed.get('found')}, as entry {self.killed['n']} says"


def unfinished(entries: Iterable[Mapping[str, Any]]) -> list[Unfinished]:
    """Return those among these entries of the ledger, the oldest first."""
    found: dict[str, Unfinished] = {}
    for entry in entries:
        run, event = str(entry.get("run")), entry.get("event")
        if event == ALLOWED:
            found[run] = Unfinished(entry)
        elif event == INTERRUPTED:
            found[run] = Unfinished(found[run].allowed if run in found else entry, entry)
        elif event == CLOSED:
            found.pop(run, None)
    return list(found.values())


def unknown(_plan: str) -> Steps:
    """Know no plan."""
    return ()


@dataclass(frozen=True)
class HalfWay:
    """A run whose change is not finished: the entry by which it was let through, or else its only one; and its end.

    ``since`` is when the first run began what this one did not finish either.
    """

    allowed: Mapping[str, Any]
    end: Mapping[str, Any] | None = None
    since: str = ""

    @property
    def how(self) -> str:
        """Return what became of it."""
        if self.end is None or self.end["event"] == INTERRUPTED:
            return f"{self.allowed.get('playbook')} {Unfinished(self.allowed, self.end).end}"
        outcome, changed = self.end.get("outcome"), self.end.get("changed")
        return f"{self.allowed.get('playbook')} {outcome} after {changed} changes, as entry {self.end['n']} says"


def half_way(entries: Iterable[Mapping[str, Any]], plans: Plans = unknown) -> list[HalfWay]:
    """Return, for each plan by which a change was begun, the last such run, where none has finished it since.

    ``entries`` are of the changes meant. They count in the order in which they were written: those of a spool come to
    the ledger when it is drained, behind what was finished since. A run that ended before it changed anything began
    nothing. One of another playbook finishes nothing, nor does one that did less; ``plans`` tells what was to be done.
    """
    begun: dict[str, Mapping[str, Any]] = {}
    ends: dict[str, Mapping[str, Any]] = {}
    for entry in sorted(entries, key=_written):
        run, event = str(entry.get("run")), entry.get("event")
        if event == ALLOWED or (event == INTERRUPTED and entry.get("plan")) or (event == CLOSED and _began(entry)):
            begun.setdefault(run, entry)
        if event in (CLOSED, INTERRUPTED):
            ends[run] = entry
    standing: dict[tuple[Any, ...], HalfWay] = {}
    for run, entry in begun.items():
        end, what = ends.get(run), (entry.get("change"), entry.get("playbook"), entry.get("plan"))
        if end is not None and end.get("outcome") == SUCCEEDED:
            if entry is end and end.get(UNGATED):
                continue
            standing = {known: one for known, one in standing.items() if not _finished(known, what, plans)}
        elif end is None or end["event"] == INTERRUPTED or end.get("changed"):
            since = standing[what].since if what in standing else str(entry.get("at") or "")
            standing[what] = HalfWay(entry, end, since)
    return list(standing.values())


def _began(closed: Mapping[str, Any]) -> bool:
    """Return whether the end of a run alone shows that it began a change, whatever let it through, if anything did."""
    return bool(closed.get("change") and closed.get("changed"))


def _finished(known: tuple[Any, ...], what: tuple[Any, ...], plans: Plans) -> bool:
    """Return whether a run has done what another was to do: by the same plan, or by one with no less in it."""
    *where, plan = known
    *there, done = what
    if where != there or not (plan and done):
        return False
    if plan == done:
        return True
    wanted, has = plans(str(plan)), plans(str(done))
    return bool(wanted and has) and all(_within(step, has) for step in wanted)


def _within(step: Mapping[str, Any], steps: Steps) -> bool:
    return any(
        step["name"] == other["name"] and set(step.get("hosts", ())) <= set(other.get("hosts", ())) for other in steps
    )


def _written(entry: Mapping[str, Any]) -> tuple[str, int]:
    """Return when an entry was written, which all of them say in the same form."""
    return str(entry.get("at") or ""), int(entry["n"])
