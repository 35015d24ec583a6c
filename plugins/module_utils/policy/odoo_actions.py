# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which scheduled actions of an instance are meant, and which of them are to be paused or to go on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class Action:
    """A scheduled action; ``paused`` says that it was active when it was paused, and is to be so again."""

    identity: int
    name: str
    external_id: str
    active: bool
    paused: bool = False

    def matches(self, pattern: str) -> bool:
        """Return whether a pattern means it, by its external id (``mail.*`` is a group) or by its name."""
        return fnmatchcase(self.external_id, pattern) or fnmatchcase(self.name, pattern)


def chosen(patterns: Sequence[str], actions: Iterable[Action]) -> list[Action]:
    """Return the actions that are meant; a pattern that means none raises ValueError."""
    known = list(actions)
    empty = [pattern for pattern in patterns if not any(action.matches(pattern) for action in known)]
    if empty:
        raise ValueError(f"actions: expected scheduled actions of the instance, found none called {', '.join(empty)}")
    return [action for action in known if any(action.matches(pattern) for pattern in patterns)]


def to_pause(actions: Iterable[Action]) -> list[Action]:
    """Return those that run; one that somebody has switched off is left so, now and afterwards."""
    return [action for action in actions if action.active]


def to_resume(actions: Iterable[Action]) -> list[Action]:
    """Return those that were paused."""
    return [action for action in actions if action.paused]
