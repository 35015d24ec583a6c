# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person is about to sign about a plan, how long it holds, and what the file is called."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from ansible_collections.erpops.estate.plugins.module_utils.policy.change.approvals import LAUNCH, NAMESPACES, Approval
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.launch import LONGEST
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.plan import Plan
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.schemas import PERSON
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_model import listed

# Approvals may be given days ahead; a launch is for now.
MINUTES, LAUNCH_MINUTES = 7 * 24 * 60, 15
MOST_MINUTES = 31 * 24 * 60


def decided(plan: Plan, decision: str, person: str, minutes: int | None, now: datetime) -> Approval:
    """Return what is to be signed; raise ValueError for what could not count."""
    if decision not in NAMESPACES:
        raise ValueError(f"decision: expected {listed(NAMESPACES)}, found {decision!r}")
    if not re.fullmatch(PERSON["pattern"], person):
        raise ValueError(f"person: expected a name as in approvers/people.yml, found {person!r}")
    most = int(LONGEST.total_seconds() / 60) if decision == LAUNCH else MOST_MINUTES
    length = minutes if minutes is not None else LAUNCH_MINUTES if decision == LAUNCH else MINUTES
    if not 1 <= length <= most:
        raise ValueError(f"minutes: expected 1 to {most} to {decision}, found {length}")
    # Whole seconds, so that people can read it. What is signed was decided before it is looked at.
    given = now.replace(microsecond=0)
    return Approval(
        person,
        plan.digest,
        plan.change,
        plan.estate,
        plan.target.environment,
        given,
        given + timedelta(minutes=length),
        decision,
    )


def file_name(one: Approval) -> str:
    """Return what the file is called that is signed."""
    return f"{one.change}-{one.decision}-{one.person}-{one.plan.removeprefix('sha256:')[:12]}.json"
