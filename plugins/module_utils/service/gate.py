# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every planned stop of a running member passes first: it hands over, then its cluster is asked."""

from __future__ import annotations

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError, Refused
from ansible_collections.erpops.estate.plugins.module_utils.members.base import Busy, Member
from ansible_collections.erpops.estate.plugins.module_utils.waiting import wait_for


def leads(member: Member | None) -> bool:
    """Return whether the member leads now; one that does not answer leads nothing."""
    if member is None:
        return False
    try:
        return member.leads()
    except ClientError:
        return False


def ask(name: str, member: Member, timeout: float) -> None:
    """Raise :class:`Refused` while the cluster would not survive losing the member, after ``timeout`` seconds."""
    verdict = wait_for(member.may_leave, timeout)
    if not verdict.ok:
        raise Refused(
            f"gate of {name}",
            expected="a cluster that survives losing this member",
            found="; ".join(verdict.reasons),
            remedy="nothing was changed here; mend the other members first and run again",
        )


def pass_gate(name: str, member: Member | None, timeout: float) -> list[str]:
    """Hand leadership over, ask, let what is under way end, and return what was done.

    ``timeout`` is how many seconds the gate may take to open.
    """
    if member is None:
        return []
    actions = member.step_aside() if leads(member) else []
    ask(name, member, timeout)
    return actions + (member.finish() if isinstance(member, Busy) else [])
