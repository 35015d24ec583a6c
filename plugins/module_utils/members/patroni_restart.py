# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries out pending restarts of PostgreSQL, one member after the other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Refused, TimedOut, Unreachable
from ansible_collections.erpops.estate.plugins.module_utils.clients.patroni import PatroniCluster
from ansible_collections.erpops.estate.plugins.module_utils.health import patroni as judge
from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict
from ansible_collections.erpops.estate.plugins.module_utils.members.patroni import hand_over, look
from ansible_collections.erpops.estate.plugins.module_utils.policy import patroni_moves as moves
from ansible_collections.erpops.estate.plugins.module_utils.waiting import wait_for


class Restarter:
    """Goes step by step; each step waits until its member has caught up. ``done`` collects sentences.

    Who waits for a restart gets it, and with ``moment`` everybody whose postmaster was started before it.
    """

    def __init__(
        self, cluster: PatroniCluster, timeout: float, done: list[str], moment: datetime | None = None
    ) -> None:
        self._cluster = cluster
        self._timeout = timeout
        self._done = done
        self._moment = moment

    def due(self) -> list[str]:
        """Return who is to restart, the leader last."""
        found = self._look()
        return moves.due(found, moves.started_before(found, self._moment))

    def run(self) -> None:
        """Carry out everything that is due."""
        # Two rounds over all members are the most that any order needs.
        for _attempt in range(2 * len(self._cluster.names) + 1):
            found = self._look()
            step = moves.next_restart(found, moves.started_before(found, self._moment))
            if step is None:
                return
            self._carry_out(step, pending_only=self._moment is None)
        waiting = ", ".join(self.due())
        raise Refused("restarts", expected="none left after restarting every member", found=f"still {waiting}")

    def _look(self) -> judge.ClusterView:
        found = look(self._cluster)
        if self._moment is not None and found.silent:
            raise Unreachable(
                "restarts of all that were started before a moment",
                expected="every member to say when it was started",
                found="; ".join(found.silent.values()),
                remedy=f"done so far: {'; '.join(self._done) or 'nothing'}; mend the member and run again",
            )
        return found

    def _carry_out(self, step: moves.Restart, *, pending_only: bool) -> None:
        if step.action == "switchover":
            self._done += hand_over(self._cluster, step.member, step.candidate, self._timeout)
            return
        leading = look(self._cluster).leader
        if leading is not None and leading.name != step.member:
            self._wait(lambda: judge.may_leave(step.member, look(self._cluster), self._cluster.names), "before")
        self._cluster.member(step.member).restart(self._timeout, pending_only=pending_only)
        self._wait(lambda: self._restarted(step.member), "after")
        self._done.append(f"PostgreSQL restarted on {step.member}" + (f" ({step.reason})" if step.reason else ""))

    def _restarted(self, name: str) -> Verdict:
        return judge.member_health(name, look(self._cluster), self._cluster.names)

    def _wait(self, check: Callable[[], Verdict], when: str) -> None:
        verdict = wait_for(check, self._timeout)
        if not verdict.ok:
            raise TimedOut(
                f"{when} a restart",
                expected=f"a healthy cluster within {self._timeout:g} s",
                found="; ".join(verdict.reasons),
                remedy=f"done so far: {'; '.join(self._done) or 'nothing'}; mend the member and run again",
            )
