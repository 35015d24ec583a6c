# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be done so that a cluster is backed up, and that its backups are there when they are needed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum

from ansible_collections.erpops.estate.plugins.module_utils.policy.timer_calendar import longest_gap_days

# What follows from dates that are near one another is short, and a stolen key is not found out in days.
LEAST_LOCK_DAYS = 14


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


# What tells one repository from another.
_REPOSITORY = ("repo1-s3-endpoint", "repo1-s3-bucket", "repo1-path")
_OPENS = "repo1-cipher-pass"


def passphrase_changes(before: str, after: str) -> bool:
    """Return whether pgBackRest's configuration would name another passphrase for the repository it names already."""
    old, new = _settings(before), _settings(after)
    same = all(old.get(name) == new.get(name) for name in _REPOSITORY)
    return same and _OPENS in old and old[_OPENS] != new.get(_OPENS)


def _settings(text: str) -> dict[str, str]:
    return {name.strip(): value.strip() for name, _sign, value in (line.partition("=") for line in text.splitlines())}


@dataclass(frozen=True)
class Kept:
    """How many full backups are kept, when they are made, and whether they go into the estate's own store."""

    fulls: int
    calendar: str
    here: bool


def go_here(*, archived: bool, address: str, own: Collection[str]) -> bool:
    """Return whether there are backups, and in the store at one of our own addresses, which no address means too."""
    return archived and (not address or address in own)


def lock_days(given: int, kept: Kept) -> int | None:
    """Return for how many days what is written is locked: as given, else as it needs it, and never for a few days only.

    None where nothing is given and nothing can be told about what goes there.
    """
    needed = needed_lock_days(kept.fulls, kept.calendar)
    if not given and needed is None and kept.here:
        return None
    return given or max(needed or 0, LEAST_LOCK_DAYS)


def missing_lock_days(given: int, kept: Kept) -> int:
    """Return how many days are needed where those that are given do not cover what goes there, otherwise 0."""
    needed = needed_lock_days(kept.fulls, kept.calendar) or 0
    return needed if kept.here and given and given < needed else 0


def needed_lock_days(fulls: int, calendar: str) -> int | None:
    """Return for how many days what is written has to be locked so that none of the backups that are kept is without.

    The oldest of so many fulls goes when as many newer ones are complete. Where one of these fails, it is the next date
    that makes up for it: one gap more. None where the calendar does not tell how far its dates are apart.
    """
    gap = longest_gap_days(calendar)
    return None if gap is None else (fulls + 1) * gap
