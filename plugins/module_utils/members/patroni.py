# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One PostgreSQL member under Patroni, for the service module and the rolling gate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import (
    ClientError,
    LagTooHigh,
    MissingFile,
    NoCandidate,
    TimedOut,
)
from ansible_collections.erpops.estate.plugins.module_utils.clients.https import Login, Tls
from ansible_collections.erpops.estate.plugins.module_utils.clients.patroni import PatroniCluster
from ansible_collections.erpops.estate.plugins.module_utils.health import patroni as judge
from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict
from ansible_collections.erpops.estate.plugins.module_utils.policy import patroni_moves as moves
from ansible_collections.erpops.estate.plugins.module_utils.waiting import wait_for

# Most of it is the old leader's stop: its checkpoint, and the WAL it still has to archive.
HANDOVER_TIMEOUT = 300.0

# Options of every module that speaks to Patroni; documented in the fragment of the same name.
CONNECTION_SPEC: Mapping[str, Mapping[str, Any]] = {
    "members": {"type": "dict"},
    "member": {"type": "str"},
    "port": {"type": "int"},
    "ca_file": {"type": "path"},
    "username": {"type": "str"},
    "password_file": {"type": "path", "no_log": False},
}
READING = ("members", "ca_file")
WRITING = (*READING, "username", "password_file")


def connect(params: Mapping[str, Any], *, first: str | None = None) -> PatroniCluster:
    """Return the cluster that ``params`` describe; the password is read only where there is a file with it."""
    login = None
    if params.get("password_file"):
        try:
            password = Path(params["password_file"]).read_text(encoding="utf-8").strip()
        except OSError as error:
            what = "the password of Patroni's REST API"
            raise MissingFile(what, expected=params["password_file"], found=str(error)) from error
        login = Login(str(params["username"]), password)
    return PatroniCluster(
        params["members"],
        tls=Tls(params["ca_file"]),
        login=login,
        port=int(params.get("port") or 8008),
        first=first or params.get("member"),
    )


def look(cluster: PatroniCluster) -> judge.ClusterView:
    """Return the cluster with each member's own word, the leader's first.

    What the store says of lag and restarts may be a loop old; a member that does not answer is taken at
    the store's word.
    """
    found = judge.view(cluster.ask(lambda member: member.cluster()))
    own: dict[str, Mapping[str, Any]] = {}
    silent: dict[str, str] = {}
    for name in sorted(cluster.names, key=lambda name: found.leader is None or name != found.leader.name):
        try:
            own[name] = cluster.member(name).member()
        except ClientError as error:
            silent[name] = str(error)
    return replace(judge.with_own_word(found, own), silent=silent)


def glance(cluster: PatroniCluster) -> judge.ClusterView:
    """Return the cluster as the store has it, with a closer look only where somebody seems to be behind."""
    found = judge.view(cluster.ask(lambda member: member.cluster()))
    return look(cluster) if judge.behind(found) else found


def hand_over(cluster: PatroniCluster, old: str, new: str, timeout: float = HANDOVER_TIMEOUT) -> list[str]:
    """Switch over and wait until the new leader takes writes and the old one streams from it."""
    cluster.member(old).switchover(old, new)
    verdict = wait_for(lambda: _handed_over(cluster, old, new), timeout)
    if not verdict.ok:
        raise TimedOut(
            f"switchover from {old} to {new}",
            expected=f"{new} to take writes and {old} to stream within {timeout:g} s",
            found="; ".join(verdict.reasons),
            remedy=f"see the log of the container patroni on {old} and {new}; patroni_info shows how it goes on",
        )
    return [f"PostgreSQL leadership moved from {old} to {new}"]


def _handed_over(cluster: PatroniCluster, old: str, new: str) -> Verdict:
    verdict = judge.handed_over(old, new, glance(cluster))
    return verdict if not verdict.ok else Verdict.of(judge.takes_writes(new, cluster.member(new).member()))


def plan_switchover(cluster: PatroniCluster, *, candidate: str | None, away_from: str | None) -> moves.Switchover:
    """Return what is to be done; raise with every reason where nobody, or not the one named, may take over."""
    plan = moves.switchover(look(cluster), candidate=candidate, away_from=away_from)
    if plan.objections:
        found = "; ".join(plan.objections)
        if plan.lagging:
            remedy = "wait until it has caught up, or name another member"
            raise LagTooHigh(
                f"switchover to {candidate}", expected="a candidate that has caught up", found=found, remedy=remedy
            )
        remedy = "mend what is named, then run again"
        expected = f"{candidate} to be able to lead" if candidate else "a standby that can take over"
        raise NoCandidate("switchover", expected=expected, found=found, remedy=remedy)
    return plan


class PatroniMember:
    """The member ``name`` among ``members`` (name: address).

    Parameters: ``name``, ``members``, ``ca_file``, ``username``, ``password_file``, optionally ``port``.
    """

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.name = str(params["name"])
        self._params = params

    def health(self) -> Verdict:
        """Return whether this member runs and has caught up; it is asked itself, so it must answer."""
        cluster = self._connect()
        own = cluster.member(self.name).member()
        found = glance(cluster)
        verdict = judge.member_health(self.name, found, cluster.names)
        if own.get("state") != "running":
            reason = f"PostgreSQL on {self.name}: expected running, found {own.get('state', 'no state')}"
            return Verdict(False, (reason, *verdict.reasons), verdict.facts)
        version = judge.version_of(own.get("server_version"))
        return Verdict(verdict.ok, verdict.reasons, {**verdict.facts, "version": version})

    def leads(self) -> bool:
        """Return whether this member leads."""
        leader = glance(self._connect()).leader
        return leader is not None and leader.name == self.name

    def may_leave(self) -> Verdict:
        """Return whether the cluster survives losing this member; whoever answers is asked."""
        cluster = self._connect()
        # A member that stands still streams for as long as the store remembers it: each is asked itself.
        found = judge.answering(look(cluster), besides=self.name)
        return judge.may_leave(self.name, found, cluster.names)

    def step_aside(self) -> list[str]:
        """Switch over to the best standby, if this member leads and somebody can take over."""
        cluster = self._connect()
        found = glance(cluster)
        if found.leader is None or found.leader.name != self.name or len(cluster.names) == 1:
            return []
        plan = plan_switchover(cluster, candidate=None, away_from=self.name)
        return hand_over(cluster, self.name, plan.candidate) if plan.candidate else []

    def _connect(self) -> PatroniCluster:
        return connect(self._params, first=self.name)
