# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lease on a maintenance state is: who holds it, whether it has expired, who may take, renew or end it.

A maintenance state (a cluster paused, a server drained, scheduled actions paused) is set through the daemon's own
means. The lease beside it says whose it is, why, and when it ends without anybody's hand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

LEAST_MINUTES, MOST_MINUTES = 1, 24 * 60

# Whoever ends a lease takes its daemon's state back first. One that died over it blocks nobody for longer.
ENDING = timedelta(seconds=120)

# The detail that says of what else a state is part, as "host_out node2". It ends with that.
PART_OF = "part_of"

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}")


@dataclass(frozen=True)
class Lease:
    """A state of ``kind`` on the thing ``name``.

    ``host`` is the only one that can take it back, empty where any host can. ``details`` is what it takes to
    restore what was before. ``ending`` is since when somebody has been taking it back.
    """

    kind: str
    name: str
    owner: str
    reason: str
    taken: datetime
    expires: datetime
    host: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    ending: datetime | None = None

    def __str__(self) -> str:
        return (
            f"{self.kind} {self.name}, held by {self.owner} ({self.reason}) until {self.expires:%Y-%m-%d %H:%M:%S %Z}"
        )

    def expired(self, now: datetime) -> bool:
        """Return whether nobody holds it any more."""
        return now >= self.expires

    def being_ended(self, now: datetime) -> bool:
        """Return whether somebody takes it back at this moment."""
        return self.ending is not None and now < self.ending + ENDING


class Step(Enum):
    """What taking a lease comes to."""

    TAKE = "taken"
    KEEP = "kept"
    RENEW = "renewed"
    TAKE_OVER = "taken over"


@dataclass(frozen=True)
class Decision:
    """The step, the record that is to stand afterwards, and why there is neither."""

    step: Step | None
    lease: Lease | None = None
    objection: str = ""


def wanted(kind: str, name: str, *, owner: str, reason: str, minutes: float, now: datetime, **more: Any) -> Lease:
    """Return the lease that is asked for; raise ValueError for what cannot be one."""
    problems = [
        f"{what}: expected letters, digits and _.:-, found {text!r}"
        for what, text in (("kind", kind), ("name", name))
        if not NAME.fullmatch(text)
    ]
    problems += [
        f"{what}: expected to be said, found nothing"
        for what, text in (("owner", owner), ("reason", reason))
        if not text.strip()
    ]
    if not LEAST_MINUTES <= minutes <= MOST_MINUTES:
        problems.append(f"minutes: expected {LEAST_MINUTES} to {MOST_MINUTES}, found {minutes:g}")
    if problems:
        raise ValueError("; ".join(problems))
    return Lease(kind, name, owner, reason, now, now + timedelta(minutes=minutes), **more)


def take(current: Lease | None, lease: Lease) -> Decision:
    """Return what is to happen for ``lease`` to be held, where ``current`` stands now.

    The owner's own lease is kept while at least half of the time asked for is left, and renewed otherwise. What it
    remembers of the state before stays.
    """
    now = lease.taken
    if current is None:
        return Decision(Step.TAKE, lease)
    if current.being_ended(now):
        return Decision(None, objection=f"{current}: it has expired and is being taken back; run again in a moment")
    if current.expired(now):
        return Decision(Step.TAKE_OVER, replace(lease, details=_inherited(current, lease)))
    if current.owner != lease.owner:
        return Decision(None, objection=str(current))
    asked, left = lease.expires - now, current.expires - now
    if current.reason == lease.reason and current.host == lease.host and asked / 2 <= left <= asked:
        return Decision(Step.KEEP, current)
    return Decision(
        Step.RENEW, replace(current, reason=lease.reason, host=lease.host, expires=lease.expires, ending=None)
    )


def _inherited(current: Lease, heir: Lease) -> dict[str, Any]:
    """Return what was before the state, as the first lease on it remembers; what it is part of the heir says."""
    before = {key: value for key, value in current.details.items() if key != PART_OF} or heir.details
    said = {key: value for key, value in heir.details.items() if key == PART_OF}
    return {**before, **said}


def may_end(current: Lease, owner: str, now: datetime, *, force: bool = False) -> str:
    """Return why this owner may not end the lease, or nothing."""
    if force or current.owner == owner or current.expired(now):
        return ""
    return str(current)


def part_of(kind: str, name: str) -> dict[str, str]:
    """Return the details of a state that is part of another lease."""
    return {PART_OF: f"{kind} {name}"}


def orphans(leases: Iterable[Lease]) -> list[Lease]:
    """Return those that are part of what does not stand any more.

    What they are part of is taken before them and ended after them, or just before: a run that died left them behind.
    """
    found = list(leases)
    standing = {f"{lease.kind} {lease.name}" for lease in found}
    return [lease for lease in found if lease.details.get(PART_OF, "") not in {"", *standing}]


@dataclass(frozen=True)
class Ending:
    """Which leases are to end: those that have expired, those of ``owner``, or with ``force`` anybody's.

    Orphans end with every ending.

    ``kind`` and ``name`` narrow them down.
    """

    owner: str = ""
    kind: str | None = None
    name: str | None = None
    force: bool = False

    def about(self, lease: Lease) -> bool:
        """Return whether this lease is among those that are looked at."""
        return self.kind in (None, lease.kind) and self.name in (None, lease.name)

    def meant(self, lease: Lease, now: datetime) -> bool:
        """Return whether this lease is to end now."""
        return self.about(lease) and not may_end(lease, self.owner, now, force=self.force)


def prefix(estate: str) -> str:
    """Return below what the leases of an estate stand."""
    return f"/erpops/{estate}/leases/"


def key(estate: str, kind: str, name: str) -> str:
    """Return where a lease stands."""
    return f"{prefix(estate)}{kind}/{name}"


def dump(lease: Lease) -> str:
    """Return the record."""
    return json.dumps(as_dict(lease), sort_keys=True)


def as_dict(lease: Lease) -> dict[str, Any]:
    """Return the lease as plain data."""
    return {
        "kind": lease.kind,
        "name": lease.name,
        "owner": lease.owner,
        "reason": lease.reason,
        "taken_at": lease.taken.isoformat(),
        "expires_at": lease.expires.isoformat(),
        "host": lease.host,
        "details": dict(lease.details),
        "ending_since": lease.ending.isoformat() if lease.ending else None,
    }


def seen(lease: Lease, now: datetime) -> dict[str, Any]:
    """Return the lease as plain data, with what is left of it at this moment."""
    left = round((lease.expires - now).total_seconds())
    return {**as_dict(lease), "expired": lease.expired(now), "seconds_left": max(0, left)}


def load(text: str) -> Lease:
    """Return the lease of a record; raise ValueError where it is none."""
    try:
        data = json.loads(text)
        ending = data.get("ending_since")
        lease = Lease(
            kind=str(data["kind"]),
            name=str(data["name"]),
            owner=str(data["owner"]),
            reason=str(data["reason"]),
            taken=datetime.fromisoformat(data["taken_at"]),
            expires=datetime.fromisoformat(data["expires_at"]),
            host=str(data.get("host", "")),
            details=dict(data.get("details") or {}),
            ending=datetime.fromisoformat(ending) if ending else None,
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"expected the record of a lease, found {text[:80]!r} ({error})") from error
    if lease.expires.tzinfo is None or lease.taken.tzinfo is None:
        raise ValueError(f"expected times with their zone, found {text[:80]!r}")
    return lease
