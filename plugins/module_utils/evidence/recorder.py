# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns the events of a run into its record. Knows names, times and outcomes; never what a task was called with.

More is kept only where a task of the collection declares it, by the key ``evidence`` of its result: one or several of
``{"kind": ..., "data": ...}``, with a kind of KINDS; with ``"of": "host"`` what is said is about the task's host. What
was planned, approved and judged, and who launched it, is believed of the change gate alone: it answers on the
controller, and the results of all others are what hosts say.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.evidence.declared import HOST
from ansible_collections.erpops.estate.plugins.module_utils.evidence.entry import UNGATED
from ansible_collections.erpops.estate.plugins.module_utils.evidence.own import RECORD, VERIFICATION
from ansible_collections.erpops.estate.plugins.module_utils.evidence.record import (
    Failure,
    Record,
    Spent,
    Step,
)
from ansible_collections.erpops.estate.plugins.module_utils.evidence.redaction import TEXT, Shape, redact
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.schemas import CHANGE_ID

OURS = "erpops.estate."
GATE = f"{OURS}change_gate"
KINDS: Mapping[str, Shape] = {"before": TEXT, "after": TEXT, "verification": VERIFICATION}
KINDS_OF_GATE = ("plan", "approvals", "verdict", "launcher")
LONGEST_MESSAGE = 500


class Status(StrEnum):
    """What a task came to on a host."""

    OK = "ok"
    CHANGED = "changed"
    SKIPPED = "skipped"
    FAILED = "failed"
    IGNORED = "ignored"
    UNREACHABLE = "unreachable"


@dataclass
class _Task:
    """A task while it runs."""

    play: str
    name: str
    action: str
    started: float
    ended: float
    by_status: dict[Status, list[str]] = field(default_factory=dict)

    def step(self) -> Step:
        """Return the task as it stands in the record."""
        found = self.by_status
        return Step(
            play=self.play,
            task=self.name,
            action=self.action,
            started=round(self.started, 3),
            seconds=round(self.ended - self.started, 3),
            ok=len(found.get(Status.OK, ())),
            skipped=len(found.get(Status.SKIPPED, ())),
            changed=tuple(found.get(Status.CHANGED, ())),
            failed=(*found.get(Status.FAILED, ()), *found.get(Status.IGNORED, ())),
            unreachable=tuple(found.get(Status.UNREACHABLE, ())),
        )


@dataclass(frozen=True)
class Ending:
    """How a run ended: when, as what, and what Ansible counted for each host."""

    at: float
    stamp: str
    outcome: str
    hosts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


class Recorder:
    """Is told what happens; times are seconds since the run began."""

    def __init__(self, *, run: str, estate: str, playbook: str, started: str, origin: Mapping[str, Any]) -> None:
        self.run = run
        self._about: dict[str, Any] = {"estate": estate, "playbook": playbook, "started": started}
        self._origin = dict(origin)
        self._play = ""
        self._tasks: dict[str, _Task] = {}
        self._failures: list[Failure] = []
        self._declared: dict[str, list[Any]] = {kind: [] for kind in KINDS_OF_GATE}
        # With the host that it is about, empty where it is about the estate.
        self._stated: dict[str, list[tuple[str, Any]]] = {kind: [] for kind in KINDS}
        self._let_through = self._ungated = False

    def play(self, name: str) -> None:
        """Note that a play begins."""
        self._play = name

    def task(self, task: str, name: str, action: str, at: float) -> None:
        """Note that a task begins; told again for the same task, it goes on (another batch of hosts)."""
        if task not in self._tasks:
            self._tasks[task] = _Task(self._play, name, action, at, at)

    def result(
        self, task: str, host: str, status: Status, at: float, *, message: str = "", evidence: Any = None
    ) -> None:
        """Note what a task came to on a host; ``message`` is kept where it failed, ``evidence`` where it is ours."""
        found = self._tasks.get(task)
        if found is None:
            return
        found.by_status.setdefault(status, []).append(host)
        if status is not Status.SKIPPED:
            found.ended = at
        if status in (Status.FAILED, Status.IGNORED, Status.UNREACHABLE):
            short = message if len(message) <= LONGEST_MESSAGE else f"{message[:LONGEST_MESSAGE]}…"
            self._failures.append(Failure(host, found.name, short, status is Status.IGNORED))
        if evidence is not None and found.action.startswith(OURS):
            self._declare(evidence, host, of_gate=found.action == GATE)

    def let_through(self) -> None:
        """Note that the gate has said yes."""
        self._let_through = True

    def changed(self) -> None:
        """Note that something was changed on a host, whether or not the task came to a good end."""
        self._ungated = self._ungated or not self._let_through

    def ungated(self, claimed: str) -> dict[str, Any]:
        """Return what an entry says of a run that changed something before the gate had let it through.

        ``claimed`` is the change that the run was called with: it proves nothing, but its page has to know of the run.
        """
        if not self._ungated:
            return {}
        # What is called like no change may be anything, too long for an entry among it.
        said = claimed if re.fullmatch(CHANGE_ID, claimed) else None
        return {UNGATED: True, "change": self.about()["change"] or said}

    def about(self) -> dict[str, Any]:
        """Return what the run is about, as the gate knows it: which change, by which plan and whom."""
        plan, verdict = self._last("plan"), self._last("verdict")
        return {
            "playbook": self._about["playbook"],
            "change": _said(plan, "change") or _said(verdict, "change") or None,
            "plan": _said(plan, "digest") or _said(verdict, "plan") or None,
            "launcher": self.launcher() or None,
            "break_glass": bool(_said(verdict, "break_glass")) or None,
        }

    def launcher(self) -> str:
        """Return who launched the run, as the gate has proven it; empty where it has not."""
        return _said(self._last("launcher"), "person")

    def finish(self, ending: Ending, *, secrets: Collection[str] = (), spent: Spent | None = None) -> dict[str, Any]:
        """Return the record as plain data, without secrets."""
        plan, about = self._last("plan"), self.about()
        steps = [task.step() for task in self._tasks.values() if set(task.by_status) - {Status.SKIPPED}]
        record = Record(
            run=self.run,
            **self._about,
            origin={**self._origin, **({"launcher": self._last("launcher")} if self.launcher() else {})},
            ended=ending.stamp,
            seconds=round(ending.at, 3),
            outcome=ending.outcome,
            change=about["change"] or "",
            plan=plan if isinstance(plan, Mapping) else {},
            plan_digest=about["plan"] or "",
            approvals=_distinct(_flat(self._declared["approvals"])),
            verdicts=tuple(self._declared["verdict"]),
            # Before the run, not before its last step.
            before=_merged(self._said_by_tasks("before", secrets)[::-1]),
            after=_merged(self._said_by_tasks("after", secrets)),
            verification=tuple(_flat(self._said_by_tasks("verification", secrets))),
            steps=tuple(steps),
            failures=tuple(self._failures),
            hosts=ending.hosts,
            spent=spent or Spent(),
        )
        clean: dict[str, Any] = redact(record.as_dict(), secrets, shape=RECORD)
        return clean

    def _declare(self, evidence: Any, host: str, *, of_gate: bool) -> None:
        for piece in _listed(evidence):
            kind = piece.get("kind") if isinstance(piece, Mapping) else None
            if not isinstance(kind, str):
                continue
            if kind in KINDS:
                self._stated[kind].append((host if piece.get("of") == HOST else "", piece.get("data")))
            elif kind in KINDS_OF_GATE and of_gate:
                self._declared[kind].append(piece.get("data"))

    def _said_by_tasks(self, kind: str, secrets: Collection[str]) -> list[Any]:
        """Return what was declared, without secrets; hosts are named in it only then, as the inventory calls them."""
        clean = redact([data for _host, data in self._stated[kind]], secrets, shape=KINDS[kind])
        return [
            _named(kind, data, host) if host else data
            for (host, _data), data in zip(self._stated[kind], clean, strict=True)
        ]

    def _last(self, kind: str) -> Any:
        return self._declared[kind][-1] if self._declared[kind] else {}


def spent(seconds: Sequence[float], opening: float, allowing: float = 0) -> Spent:
    """Return what the events have cost that took these seconds each, the opening entry, and that of the gate's yes."""
    if not seconds:
        return Spent(opening_ms=round(opening * 1000))
    return Spent(
        events=len(seconds),
        median_us=round(statistics.median(seconds) * 1e6),
        worst_us=round(max(seconds) * 1e6),
        total_ms=round(sum(seconds) * 1000),
        opening_ms=round(opening * 1000),
        allowing_ms=round(allowing * 1000),
    )


def _named(kind: str, data: Any, host: str) -> Any:
    """Return data of a host under names that tell it from others."""
    if not isinstance(data, Mapping):
        return data
    if kind == "verification":
        return {**data, "name": f"{host} {data.get('name', '')}".strip()}
    return {f"{host} {key}": value for key, value in data.items()}


def _said(data: Any, key: str) -> str:
    return str(data.get(key) or "") if isinstance(data, Mapping) else ""


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else [value]


def _flat(pieces: Sequence[Any]) -> list[Any]:
    return [entry for piece in pieces for entry in _listed(piece)]


def _distinct(entries: Sequence[Any]) -> list[Any]:
    """Leave out what was said before: a gate that is asked again says the same approvals again."""
    return [entry for place, entry in enumerate(entries) if entry not in entries[:place]]


def _merged(pieces: Sequence[Any]) -> dict[str, Any]:
    return {str(key): value for piece in pieces if isinstance(piece, Mapping) for key, value in piece.items()}
