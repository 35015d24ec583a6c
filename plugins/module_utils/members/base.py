# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the service module and the rolling gate need to know of one running member."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict


class Member(Protocol):
    """One member of a cluster, on this host.

    The methods may raise :class:`clients.errors.ClientError`; a caller that waits treats it as "not yet".
    """

    def health(self) -> Verdict:
        """Return whether the member is healthy and has caught up, now."""

    def leads(self) -> bool:
        """Return whether the member is the leader or master, now."""

    def may_leave(self) -> Verdict:
        """Return whether the cluster survives losing this member now.

        A service that was declared with a single member has nobody to protect it: the answer is yes.
        """

    def step_aside(self) -> list[str]:
        """Hand leadership to another member and return what was done, in sentences."""


@runtime_checkable
class Busy(Protocol):
    """A member that has work under way for users which no other member can take over."""

    def finish(self) -> list[str]:
        """Wait, within a bound of its own, until that work has ended; return what was seen, in sentences.

        Asked once the cluster has said that it may leave, and before it is stopped.
        """


@runtime_checkable
class Interrupted(Protocol):
    """A member on whose host an act that was interrupted can leave something behind that is no file of the service."""

    def left_behind(self) -> list[str]:
        """Return what is left behind, in sentences. Reads only."""

    def take_back(self) -> list[str]:
        """Take it back and return what was done, in sentences."""


class Solitary:
    """The part of a member that stands alone: it never leads and may always leave."""

    def leads(self) -> bool:
        """Return False: there is nobody to lead."""
        return False

    def may_leave(self) -> Verdict:
        """Return yes: nobody else depends on this member's vote."""
        return Verdict(True)

    def step_aside(self) -> list[str]:
        """Return nothing: there is no leadership to hand over."""
        return []
