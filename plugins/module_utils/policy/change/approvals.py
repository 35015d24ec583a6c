# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Approvals: what an approver signs, which of them count for a plan, and why the others do not."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy.change.canonical import canonical
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.people import People
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_model import listed

FORMAT = "erpops.estate/approval/1"
APPROVE, WITHDRAW, LAUNCH, REVIEW = "approve", "withdraw", "launch", "review"
# A signature made for anything else, a commit or a file, is none for an approval; one that launches approves nothing.
NAMESPACE, LAUNCH_NAMESPACE, REVIEW_NAMESPACE = (f"{what}@erpops.estate" for what in ("approval", "launch", "review"))
NAMESPACES = {APPROVE: NAMESPACE, WITHDRAW: NAMESPACE, LAUNCH: LAUNCH_NAMESPACE, REVIEW: REVIEW_NAMESPACE}
FIELDS = ("decision", "change", "plan", "estate", "environment", "person", "given", "expires")


@dataclass(frozen=True)
class Approval:
    """What one person decided about one plan: to approve it, to withdraw that, to launch it, to close its review.

    ``fault`` is why it cannot be believed, as its signature says.
    """

    person: str
    plan: str
    change: str
    estate: str
    environment: str
    given: datetime
    expires: datetime
    decision: str = APPROVE
    where: str = ""
    fault: str = ""

    def document(self) -> bytes:
        """Return the text that is signed."""
        data = {key: getattr(self, key) for key in FIELDS}
        times = {key: data[key].isoformat() for key in ("given", "expires")}
        return canonical({"format": FORMAT, **data, **times})


@dataclass(frozen=True)
class Tally:
    """Who counts, in which role, what is still missing, and why others do not count."""

    counted: Mapping[str, str]
    missing: tuple[str, ...]
    refused: tuple[str, ...]


def approval(text: bytes, where: str = "") -> Approval:
    """Return the approval of a signed text; raise ValueError where it is none."""
    try:
        data = json.loads(text)
        if not isinstance(data, dict) or set(data) != {"format", *FIELDS} or data["format"] != FORMAT:
            raise ValueError(f"expected {FORMAT} with {', '.join(FIELDS)}")
        if not all(isinstance(value, str) for value in data.values()):
            raise ValueError("expected texts")
        times = {key: datetime.fromisoformat(data[key]) for key in ("given", "expires")}
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{where or 'the document'}: expected an approval, found none ({error})") from error
    if any(time.tzinfo is None for time in times.values()):
        raise ValueError(f"{where or 'the document'}: expected times with their zone, found {text[:80]!r}")
    if data["decision"] not in NAMESPACES:
        raise ValueError(f"{where or 'the document'}: expected {listed(NAMESPACES)}, found {data['decision']!r}")
    data.pop("format")
    found = Approval(**{**data, **times}, where=where)
    if found.document() != text:
        raise ValueError(f"{where or 'the document'}: expected canonical JSON, found another spelling of it")
    return found


@dataclass(frozen=True)
class Asked:
    """What has to be approved, and whose approval can never count."""

    plan: str
    change: str
    estate: str
    environment: str
    requester: str
    launcher: str


def tally(
    approvals: Iterable[Approval], asked: Asked, needed: Mapping[str, int], people: People, now: datetime
) -> Tally:
    """Count N of M by role: each person once, and for one role only."""
    given = list(approvals)
    refused, good = [], {}
    for found in sorted(given, key=lambda one: (one.given, one.person, one.where)):
        if found.decision != APPROVE:
            continue
        fault = next(_faults(found, asked, given, people, now), "")
        if fault:
            refused.append(f"approvals: the one of {found.person} does not count: {fault}")
        else:
            good[found.person] = found
    counted = _assigned(sorted(good), needed, people)
    having = list(counted.values())
    missing = [
        f"approvals: expected {count} by {role}, found {having.count(role) or 'none'}"
        for role, count in sorted(needed.items())
        if having.count(role) < count
    ]
    return Tally(counted, tuple(missing), tuple(refused))


def _faults(found: Approval, asked: Asked, given: Sequence[Approval], people: People, now: datetime) -> Iterator[str]:
    """Yield why an approval does not count."""
    if found.fault:
        yield found.fault
    yield from foreign(found, asked)
    if found.person not in people:
        yield "nobody knows that person"
    if found.person == asked.requester:
        yield "who requests a change cannot approve it"
    if found.person == asked.launcher:
        yield "who launches a run cannot approve it"
    yield from untimely(found, now)
    yield from _withdrawn(found, given)


def foreign(found: Approval, asked: Asked) -> Iterator[str]:
    """Yield what else than this run a document is for."""
    for name in ("plan", "change", "estate", "environment"):
        mine, theirs = getattr(asked, name), getattr(found, name)
        if mine != theirs:
            yield f"it is for {name} {theirs}, and this is {mine}"


def untimely(found: Approval, now: datetime) -> Iterator[str]:
    """Yield why a document does not count at this moment."""
    if now >= found.expires:
        yield f"it expired at {found.expires.isoformat()}"
    if found.given > now:
        yield f"it was given at {found.given.isoformat()}, which is still to come"


def _withdrawn(found: Approval, given: Sequence[Approval]) -> Iterator[str]:
    """Yield that it was withdrawn, or may have been: of what cannot be believed the time cannot be either."""
    for one in given:
        if one.decision != WITHDRAW or (one.person, one.plan) != (found.person, found.plan):
            continue
        if one.fault:
            yield f"it may be withdrawn by {one.where or 'a document'}, which cannot be believed: {one.fault}"
        elif one.given >= found.given:
            yield "it was withdrawn"


def _assigned(persons: Sequence[str], needed: Mapping[str, int], people: People) -> dict[str, str]:
    """Give each person one role, so that as many places as possible are filled."""
    places = [(role, number) for role, count in sorted(needed.items()) for number in range(count)]
    taken: dict[tuple[str, int], str] = {}

    def placed(person: str, seen: set[tuple[str, int]]) -> bool:
        for place in places:
            if place in seen or not people.has_role(person, [place[0]]):
                continue
            seen.add(place)
            if place not in taken or placed(taken[place], seen):
                taken[place] = person
                return True
        return False

    for person in persons:
        placed(person, set())
    return {person: role for (role, _number), person in taken.items()}


def as_dict(found: Approval) -> dict[str, Any]:
    """Return an approval as plain data, for the record."""
    data = json.loads(found.document())
    return {**data, "where": found.where, "fault": found.fault}
