# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the change gate is told: what the company has laid down, and what a run is at this moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ansible_collections.erpops.estate.plugins.module_utils.policy.change.approvals import Approval
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.calendar import Calendars
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.people import People
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.plan import UNKNOWN, Estimates, Plan
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.requests import Change, Waiver
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.rules import Policy


@dataclass(frozen=True)
class Governance:
    """What stands in the company's repository at one signed commit.

    ``grounds`` has, by change, the commit that last said what the policy and this change are: what a plan stands on.
    """

    commit: str
    policy: Policy
    people: People
    calendars: Calendars
    changes: Mapping[str, Change]
    waivers: tuple[Waiver, ...] = ()
    grounds: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Launcher:
    """Who started the run, and by what that is known: AWX's API or a signature; never by what the run itself says.

    ``refused`` says what else claims to, and why it does not count.
    """

    person: str = ""
    proof: str = ""
    refused: tuple[str, ...] = ()


@dataclass(frozen=True)
class Evidence:
    """Something that was done and recorded. ``since`` is since when it has been true, where that matters.

    Without instances it is about all of them. ``recovery_point`` is, of a backup, the moment to which it and the WAL
    after it could restore.
    """

    kind: str
    taken: datetime
    ok: bool
    instances: frozenset[str] = frozenset()
    since: datetime | None = None
    reference: str = ""
    recovery_point: datetime | None = None


@dataclass(frozen=True)
class UnderWay:
    """A change that a run has begun and none has finished: since when, and what became of the last run of it."""

    change: str
    owner: str
    since: str
    how: str


@dataclass(frozen=True)
class Lock:
    """Who holds the estate's change lock, and until when."""

    change: str
    owner: str
    expires: datetime


@dataclass(frozen=True)
class Ran:
    """A break-glass run: whose it was, and why it could not wait."""

    person: str
    run: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Review:
    """A plan that was run by break-glass, once or more often, and that nobody has looked at since it last was."""

    change: str
    ran: tuple[Ran, ...]
    opened: datetime
    due: datetime
    plan: str = ""

    @property
    def persons(self) -> tuple[str, ...]:
        """Return who ran it."""
        return tuple(dict.fromkeys(one.person for one in self.ran))


@dataclass(frozen=True)
class Recorder:
    """Whether the run is recorded: ``spool`` means on this machine only.

    ``fault`` is why it is not recorded, or why the ledger is not believed.
    """

    loaded: bool = False
    spool: bool = False
    fault: str = ""


@dataclass(frozen=True)
class Run:
    """A run that asks.

    ``done`` names the steps behind it, ``begun`` is since when its own change stands half way, if it does.
    ``break_glass`` is the reason for such a run, None for an ordinary one.
    ``clocks`` has, by host, how many seconds its clock is off this one; of those ``away`` it need not be known: they
    did not answer, and the playbook can do without. ``lock_fault`` is why nobody knows who holds the lock, ``unread``
    says which approvals could not be read, ``objections`` what stands against the run already. ``known`` is how long it
    takes by what is known here.
    """

    plan: Plan
    now: datetime
    launcher: Launcher
    owner: str = ""
    approvals: tuple[Approval, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    under_way: tuple[UnderWay, ...] = ()
    begun: str = ""
    reviews: tuple[Review, ...] = ()
    recorder: Recorder = Recorder()
    lock: Lock | None = None
    done: frozenset[str] = frozenset()
    break_glass: str | None = None
    clocks: Mapping[str, float] = field(default_factory=dict)
    away: frozenset[str] = frozenset()
    lock_fault: str = ""
    unread: tuple[str, ...] = ()
    objections: tuple[str, ...] = ()
    known: Estimates = UNKNOWN
