# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run of a request did to its database, and what that allows once its connection is lost. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

# SQLSTATEs of a server that goes, crashed, is not there yet, or is no leader (any more).
GONE = frozenset({"57P01", "57P02", "57P03", "25006"})

# As often as a leader may change while one request is served.
RUNS = 3
# Whoever asked has waited for this long when the connection is lost: a second run would come too late.
BEGIN_AGAIN_WITHIN = 30.0


class Outcome(StrEnum):
    """What is known of a request whose connection to the database was lost."""

    NOTHING_DONE = "nothing done"
    UNKNOWN = "unknown"  # COMMIT was sent, and the answer to it never came
    PARTLY_DONE = "partly done"  # it had committed before, and was not at its end


@dataclass(frozen=True)
class Refusal:
    """An error of the database driver: whether it is one of operation or of no kind, and the SQLSTATE a server said."""

    operational: bool
    sqlstate: str | None


@dataclass
class Attempt:
    """One run of a request."""

    # Connections whose transaction is the request's own. What code commits on other ones, it takes to be repeatable:
    # Odoo runs requests again after serialization failures too.
    connections: list[Any] = field(default_factory=list)
    committed: bool = False
    unanswered: str = ""  # the transaction in whose COMMIT the connection was lost

    def outcome(self, lost: bool) -> Outcome | None:
        """Return what is known; nothing is lost when this returns None."""
        if self.unanswered:
            return Outcome.UNKNOWN
        if not lost:
            return None
        return Outcome.PARTLY_DONE if self.committed else Outcome.NOTHING_DONE


def lost(refusals: Iterable[Refusal]) -> bool:
    """Return whether one of the errors means that there is no leader at the other end (any more).

    An error of operation without a SQLSTATE comes from the driver itself: no connection, or none any more.
    """
    return any(refusal.sqlstate in GONE or (refusal.operational and refusal.sqlstate is None) for refusal in refusals)


def may_run_again(path: str, runs: int, seconds: float, run_once: Iterable[str]) -> bool:
    """Return whether a request of which nothing is done, that ran so often and for so long, is begun anew."""
    return runs < RUNS and seconds < BEGIN_AGAIN_WITHIN and not any(fnmatchcase(path, pattern) for pattern in run_once)
