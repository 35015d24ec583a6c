# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be done so that a cluster is backed up."""

from __future__ import annotations

from enum import Enum


class Step(Enum):
    """One act on the repository, done where the leader runs."""

    STANZA = "created the stanza"
    CHECK = "checked that WAL arrives in the repository"
    FULL = "made a full backup"


def steps(*, exists: bool, has_full: bool, reconfigured: bool) -> tuple[Step, ...]:
    """Return the acts in order; a repository that is as it should be needs none, not even a check.

    A check switches WAL, so it is made only where something about the way to the repository is new.
    """
    needed = []
    if not exists:
        needed.append(Step.STANZA)
    if not exists or reconfigured:
        needed.append(Step.CHECK)
    if not has_full:
        needed.append(Step.FULL)
    return tuple(needed)
