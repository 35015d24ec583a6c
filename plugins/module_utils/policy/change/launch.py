# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who started a run at the bastion: whoever signed so, for this plan, a moment ago; never who the run says it is."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from ansible_collections.erpops.estate.plugins.module_utils.policy.change.approvals import (
    LAUNCH,
    Approval,
    Asked,
    foreign,
    untimely,
)
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.situation import Launcher

# A launch is for now: one that lies about for longer could be used by somebody else.
LONGEST = timedelta(hours=1)


def launched(given: Iterable[Approval], asked: Asked, now: datetime) -> tuple[Launcher, list[str]]:
    """Return who launched the run, and why documents that say so do not count; two people are nobody."""
    refused: list[str] = []
    persons: set[str] = set()
    for found in given:
        if found.decision != LAUNCH:
            continue
        faults = [found.fault] if found.fault else [*foreign(found, asked), *untimely(found, now)]
        if found.expires - found.given > LONGEST:
            faults.append(f"it is meant to last for {found.expires - found.given}, more than {LONGEST}")
        if faults:
            refused.append(f"launcher: the launch of {found.person} does not count: {faults[0]}")
        else:
            persons.add(found.person)
    if len(persons) > 1:
        refused.append(f"launcher: expected one, found launches of {', '.join(sorted(persons))}")
    return Launcher(persons.pop(), "signature") if len(persons) == 1 else Launcher(), refused
