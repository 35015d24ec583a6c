# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may close the review that a break-glass run opened: a second person, with the role that the policy asks for."""

from __future__ import annotations

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
