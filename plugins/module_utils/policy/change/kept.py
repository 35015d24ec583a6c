# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an estate keeps between runs: its change lock, the commit it was governed by last, reviews that are open."""

from __future__ import annotations

import json
import math
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TypeVar

from ansible_collections.erpops.estate.plugins.module_utils.policy import leases
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.plan import UNKNOWN, Estimates, Plan
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.situation import Lock, Ran, Review
from ansible_collections.erpops.estate.plugins.module_utils.policy.leases import Lease

# The lock is a lease: it has an owner and an end, and who comes second is told both.
LOCK = "change_lock"
# What a run may take beyond its estimate before its lock ends.
SLACK_MINUTES = 30
Kept = TypeVar("Kept")


@dataclass(frozen=True)
class Governed:
    """The commit by which the estate was governed last; empty where it never was."""

    commit: str = ""
    environment: str = ""


def governed_key(estate: str) -> str:
    """Return where the newest commit stands."""
    return f"/erpops/{estate}/change/governed"


def reviews_prefix(estate: str) -> str:
    """Return below what reviews stand that are open."""
    return f"/erpops/{estate}/change/reviews/"


def review_key(estate: str, review: Review) -> str:
    """Return where the review of a plan stands: one, however often the plan was run so."""
    return f"{reviews_prefix(estate)}{review.plan.removeprefix('sha256:')}"


def owner_of(person: str, run: str) -> str:
    """Return as whom a run holds the lock: nobody else's run is this one, not even one of the same person."""
    return f"{person}, run {run}"


def owned_by(lease: Lease, run: str) -> bool:
    """Return whether a run holds the lock."""
    return bool(run) and lease.owner.endswith(f", run {run}")


def dump_governed(governed: Governed) -> str:
    """Return the record."""
    return json.dumps(vars(governed), sort_keys=True)


def load_governed(text: str) -> Governed:
    """Return what a record says; raise ValueError where it is none."""
    try:
        return Governed(**json.loads(text))
    except (TypeError, ValueError) as error:
        raise ValueError(f"expected the commit that governs, found {text[:80]!r} ({error})") from error


def dump_review(review: Review) -> str:
    """Return the record."""
    times = {"opened": review.opened.isoformat(), "due": review.due.isoformat()}
    return json.dumps({**asdict(review), **times}, sort_keys=True)


def load_review(text: str) -> Review:
    """Return the review of a record; raise ValueError where it is none."""
    try:
        data = json.loads(text)
        times = {name: datetime.fromisoformat(data[name]) for name in ("opened", "due")}
        ran = tuple(Ran(**one) for one in data["ran"])
        return Review(**{**data, **times, "ran": ran})
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"expected a review, found {text[:80]!r} ({error})") from error


def lock_wanted(plan: Plan, owner: str, done: Collection[str], now: datetime, known: Estimates = UNKNOWN) -> Lease:
    """Return the lock that a run asks for: twice as long as the rest of its plan takes, and some more."""
    minutes = SLACK_MINUTES + 2 * math.ceil(plan.remaining_seconds(done, known) / 60)
    return leases.wanted(
        LOCK, plan.estate, owner=owner, reason=plan.change, minutes=min(minutes, leases.MOST_MINUTES), now=now
    )


def lock_of(lease: Lease | None) -> Lock | None:
    """Return who holds the lock."""
    return Lock(lease.reason, lease.owner, lease.expires) if lease else None
