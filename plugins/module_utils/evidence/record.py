# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of a run: what an entry of the ledger names by its digest."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

FORMAT = "erpops.estate/record/1"

SUCCEEDED, FAILED, INTERRUPTED = "succeeded", "failed", "interrupted"


@dataclass(frozen=True)
class Step:
    """A task: when it began (seconds into the run), how long it took, and what it came to on which hosts."""

    play: str
    task: str
    action: str
    started: float
    seconds: float = 0.0
    ok: int = 0
    skipped: int = 0
    changed: Sequence[str] = ()
    failed: Sequence[str] = ()
    unreachable: Sequence[str] = ()


@dataclass(frozen=True)
class Failure:
    """What a task said on a host where it failed; ``ignored`` where the run went on regardless."""

    host: str
    task: str
    message: str
    ignored: bool = False


@dataclass(frozen=True)
class Spent:
    """What recording has cost the run itself, in microseconds for each event and in milliseconds in all.

    ``opening_ms`` is the first entry, ``ending_ms`` what it takes to make the record; ``allowing_ms`` is the entry of
    the gate's yes, a part of the event that brings it.
    """

    events: int = 0
    median_us: int = 0
    worst_us: int = 0
    total_ms: int = 0
    opening_ms: int = 0
    ending_ms: int = 0
    allowing_ms: int = 0


@dataclass(frozen=True)
class Record:
    """Everything that is kept of a run.

    ``origin`` says who ran it and from where, as far as the machine it ran on can tell. What a change is, its plan, its
    approvals, the gate's verdicts, the state before and after and what was verified is what the steps declared.
    """

    run: str
    estate: str
    playbook: str
    started: str
    ended: str
    seconds: float
    outcome: str
    origin: Mapping[str, Any] = field(default_factory=dict)
    change: str = ""
    plan: Mapping[str, Any] = field(default_factory=dict)
    plan_digest: str = ""
    approvals: Sequence[Any] = ()
    verdicts: Sequence[Mapping[str, Any]] = ()
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    verification: Sequence[Mapping[str, Any]] = ()
    steps: Sequence[Step] = ()
    failures: Sequence[Failure] = ()
    hosts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    spent: Spent = field(default_factory=Spent)

    def as_dict(self) -> dict[str, Any]:
        """Return the record as plain data."""
        return {"format": FORMAT, **asdict(self)}

    def changes(self) -> int:
        """Return how many times a task changed a host."""
        return sum(len(step.changed) for step in self.steps)


def dump(data: Mapping[str, Any]) -> bytes:
    """Return the bytes of a record that are stored, and named by their digest."""
    return json.dumps(data, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def load(content: bytes | str) -> Record:
    """Return the record; raise ValueError where it is none."""
    try:
        data = json.loads(content)
        if data.get("format") != FORMAT:
            raise ValueError(f"found the format {data.get('format')!r}")
        known = {entry.name: data[entry.name] for entry in fields(Record) if entry.name in data}
        known["steps"] = tuple(Step(**step) for step in known.get("steps", ()))
        known["failures"] = tuple(Failure(**failure) for failure in known.get("failures", ()))
        known["spent"] = Spent(**known.get("spent", {}))
        return Record(**known)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"expected the record of a run, {FORMAT}: {error}") from error
