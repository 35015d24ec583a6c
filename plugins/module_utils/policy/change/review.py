# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may close the review that break-glass runs opened: who ran none of them, with the role the policy asks for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy.change.approvals import REVIEW, Approval
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.people import People
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.rules import BreakGlass
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.situation import Review
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_model import listed

# Of the names of those who ran it, in an entry of the ledger, which has to fit.
LONGEST_RAN = 300


def objection(review: Review, person: str, rule: BreakGlass, people: People) -> str:
    """Return why this person may not close it, or nothing. It may be closed late: until then nothing ordinary runs."""
    if person in review.persons:
        ran = listed(review.persons)
        return f"review: expected somebody else than {ran} to close that of {review.change}, who ran it"
    if not people.has_role(person, rule.review_roles):
        roles = ", ".join(sorted(rule.review_roles))
        return (
            f"review: expected a role of {roles} to close that of {review.change}, found {person or 'nobody'} without"
        )
    return ""


def joined(standing: Review, run: Review) -> Review:
    """Return the review of a plan that was run so again while it was open: of both runs, by the earlier time.

    What was signed before the later run does not close it. The same run, asked again before each batch, adds nothing.
    """
    if set(run.ran) <= set(standing.ran):
        return standing
    opened, due = max(standing.opened, run.opened), min(standing.due, run.due)
    return replace(standing, ran=(*standing.ran, *run.ran), opened=opened, due=due)


@dataclass(frozen=True)
class Closed:
    """A review that somebody has closed: who, and when by what they signed."""

    review: Review
    by: str
    given: datetime

    @property
    def late(self) -> bool:
        """Return whether that was later than the policy asks for."""
        return self.given > self.review.due

    def fields(self) -> dict[str, Any]:
        """Return what the entry of the ledger says of it."""
        ran = ", ".join(self.review.persons)
        return {
            "change": self.review.change,
            "plan": self.review.plan,
            "ran": ran if len(ran) <= LONGEST_RAN else f"{ran[:LONGEST_RAN]}…",
            "by": self.by,
            "given": self.given.isoformat(),
            "due": self.review.due.isoformat(),
            "late": self.late,
        }


@dataclass(frozen=True)
class Reviewed:
    """Reviews that are open still, those that somebody has closed, and why what else claims to did not."""

    open: tuple[Review, ...] = ()
    closed: tuple[Closed, ...] = ()
    refused: tuple[str, ...] = ()


def reviewed(
    reviews: Iterable[Review], given: Iterable[Approval], rule: BreakGlass | None, people: People, now: datetime
) -> Reviewed:
    """Return what signed documents make of reviews; without a rule that says who may, nobody closes any."""
    documents = sorted((one for one in given if one.decision == REVIEW), key=lambda one: (one.given, one.person))
    still: list[Review] = []
    closed: list[Closed] = []
    refused: list[str] = []
    for review in reviews:
        judged = [(one, _fault(review, one, rule, people, now)) for one in documents if one.plan == review.plan]
        good = next((one for one, fault in judged if not fault), None)
        if good:
            closed.append(Closed(review, good.person, good.given))
        else:
            still.append(review)
            refused += [fault for _one, fault in judged]
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
