# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who leads next, and in which order members of a Patroni cluster restart."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.erpops.estate.plugins.module_utils.health import patroni as judge

# Parameters that a standby must not have lower than its leader. When one of them is lowered the leader
# has to restart first (PostgreSQL documentation, "Administrator's Overview" of hot standby).
LEADER_FIRST = frozenset(
    {"max_connections", "max_worker_processes", "max_wal_senders", "max_prepared_transactions"}
    | {"max_locks_per_transaction"}
)


@dataclass(frozen=True)
class Switchover:
    """Who hands over to whom; without ``candidate`` nothing is to be done, with ``objections`` nothing may be.

    ``lagging`` when nothing but its lag keeps a named candidate.
    """

    leader: str
    candidate: str = ""
    objections: tuple[str, ...] = ()
    lagging: bool = False


def switchover(cluster: judge.ClusterView, *, candidate: str | None = None, away_from: str | None = None) -> Switchover:
    """Return what a switchover would be.

    Nothing is to be done where ``candidate`` leads already, or where ``away_from`` is named and another one leads.
    """
    leader = cluster.leader
    if leader is None:
        return Switchover("", objections=("switchover: expected a leader that runs, found none; a failover decides",))
    if candidate == leader.name or (away_from and leader.name != away_from):
        return Switchover(leader.name)
    if candidate:
        objections = tuple(judge.unfit(candidate, cluster))
        lagging = bool(objections) and not judge.unfit(candidate, judge.without_lag(candidate, cluster))
        return Switchover(leader.name, candidate, objections, lagging)
    heirs = judge.takers(cluster)
    if heirs:
        return Switchover(leader.name, heirs[0].name)
    others = [name for name in sorted(cluster.members) if name != leader.name]
    reasons = [reason for name in others for reason in judge.unfit(name, cluster)]
    return Switchover(leader.name, objections=tuple(reasons) or (f"{leader.name} is the only member",))


@dataclass(frozen=True)
class Restart:
    """The next step of carrying out restarts: ``action`` is restart or switchover."""

    action: str
    member: str
    candidate: str = ""
    reason: str = ""


def started_before(cluster: judge.ClusterView, moment: datetime | None) -> frozenset[str]:
    """Return the members whose postmaster has been running since before ``moment``; nobody for None."""
    if moment is None:
        return frozenset()
    return frozenset(
        member.name
        for member in cluster.members.values()
        if member.started and datetime.fromisoformat(member.started) < moment
    )


def due(cluster: judge.ClusterView, asked: Collection[str] = ()) -> list[str]:
    """Return the members that are to restart, since they wait for it or were asked to; the leader last."""
    waiting = {*judge.pending(cluster), *asked}
    return sorted(waiting, key=lambda name: (cluster.members[name].leads, name))


def next_restart(cluster: judge.ClusterView, asked: Collection[str] = ()) -> Restart | None:
    """Return the next step, or None when nothing is to restart.

    Replicas first, one by one. Then the leader hands over, which restarts it on the way. Where a
    parameter of :data:`LEADER_FIRST` was lowered the replicas cannot take it before the leader has, so
    the leader restarts in place, first.
    """
    waiting = due(cluster, asked)
    if not waiting:
        return None
    leader = cluster.leader
    if leader is not None and leader.pending_restart:
        lowered = sorted(name for name in LEADER_FIRST if _lowered(leader.pending_reasons.get(name, {})))
        if lowered:
            reason = f"{', '.join(lowered)} lowered: standbys cannot have less than their leader"
            return Restart("restart", leader.name, reason=reason)
    name = waiting[0]
    if leader is None or name != leader.name:
        return Restart("restart", name)
    heirs = judge.takers(cluster)
    if heirs:
        return Restart("switchover", leader.name, heirs[0].name)
    return Restart("restart", leader.name, reason="nobody can take over")


def _lowered(change: Mapping[str, str]) -> bool:
    try:
        return int(change["new_value"]) < int(change["old_value"])
    except (KeyError, ValueError):
        return False
