# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may close the review that a break-glass run opened: a second person, with the role that the policy asks for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.erpops.estate.plugins.module_utils.policy.change.approvals import REVIEW, Approval
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.people import People
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.rules import BreakGlass
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.situation import Review


def objection(review: Review, person: str, rule: BreakGlass, people: People) -> str:
    """Return why this person may not close it, or nothing. It may be closed late: until then nothing ordinary runs."""
    if person == review.person:
        return f"review: expected somebody else than {person} to close that of {review.change}, who ran it"
    if not people.has_role(person, rule.review_roles):
        roles = ", ".join(sorted(rule.review_roles))
        return (
            f"review: expected a role of {roles} to close that of {review.change}, found {person or 'nobody'} without"
        )
    return ""


@dataclass(frozen=True)
class Reviewed:
    """Reviews that are open still, those that somebody has closed, and why what else claims to did not."""

    open: tuple[Review, ...] = ()
    closed: tuple[Review, ...] = ()
    refused: tuple[str, ...] = ()


def reviewed(
    reviews: Iterable[Review], given: Iterable[Approval], rule: BreakGlass | None, people: People, now: datetime
) -> Reviewed:
    """Return what signed documents make of reviews; without a rule that says who may, nobody closes any."""
    documents = [one for one in given if one.decision == REVIEW]
    still: list[Review] = []
    closed: list[Review] = []
    refused: list[str] = []
    for review in reviews:
        faults = [_fault(review, one, rule, people, now) for one in documents if one.plan == review.plan]
        (closed if "" in faults else still).append(review)
        refused += [fault for fault in faults if fault and "" not in faults]
    return Reviewed(tuple(still), tuple(closed), tuple(refused))


def _fault(review: Review, one: Approval, rule: BreakGlass | None, people: People, now: datetime) -> str:
    if one.fault or one.change != review.change:
        said = one.fault or f"it is for change {one.change}"
        return f"review: what {one.person} signed about {review.change} does not count: {said}"
    if not review.opened <= one.given <= now:
        given = one.given.isoformat()
        return f"review: expected that of {review.change} to be closed after it was opened, found {given}"
    if rule is None:
        return f"review: expected the policy to say who closes that of {review.change}, found no rule"
    return objection(review, one.person, rule, people)
