# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Patroni's answers mean: who leads, who may take over, who has caught up, what waits for a restart.

Everything is read from ``GET /cluster``, the store's view. Patroni publishes it in every loop, so it may
be ``loop_wait`` seconds old.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict

MIB = 1024 * 1024

# Bytes a standby may be behind and still count as caught up: one WAL segment.
MAX_LAG = 16 * MIB

LEADERS = frozenset({"leader", "standby_leader"})
STANDBYS = frozenset({"quorum_standby", "sync_standby"})
WELL = frozenset({"running", "streaming"})


@dataclass(frozen=True)
class MemberView:
    """One member as ``GET /cluster`` shows it. ``lag`` is in bytes, None when Patroni does not know it.

    ``started`` (of the postmaster) and the versions are the member's own word, empty when it was not asked.
    """

    name: str
    role: str
    state: str
    timeline: int | None
    lag: int | None
    pending_restart: bool
    pending_reasons: Mapping[str, Mapping[str, str]]
    tags: Mapping[str, Any]
    started: str = ""
    version: str = ""
    patroni_version: str = ""

    @property
    def leads(self) -> bool:
        """Return whether the member holds the leader's lock."""
        return self.role in LEADERS

    @property
    def streams(self) -> bool:
        """Return whether the member receives WAL from the leader."""
        return not self.leads and self.state == "streaming"


@dataclass(frozen=True)
class ClusterView:
    """The cluster as ``GET /cluster`` shows it. ``silent`` says why a member that was asked did not answer."""

    members: Mapping[str, MemberView] = field(default_factory=dict)
    paused: bool = False
    silent: Mapping[str, str] = field(default_factory=dict)

    @property
    def leader(self) -> MemberView | None:
        """Return the member that leads and runs."""
        return next((m for m in self.members.values() if m.leads and m.state == "running"), None)


def view(answer: Mapping[str, Any]) -> ClusterView:
    """Return the typed view of an answer to ``GET /cluster``."""
    members = {}
    for entry in answer.get("members", []):
        lag = entry.get("lag")
        members[str(entry["name"])] = MemberView(
            name=str(entry["name"]),
            role=str(entry.get("role", "")),
            state=str(entry.get("state", "")),
            timeline=entry.get("timeline"),
            lag=lag if isinstance(lag, int) else None,
            pending_restart=bool(entry.get("pending_restart")),
            pending_reasons=entry.get("pending_restart_reason") or {},
            tags=entry.get("tags") or {},
        )
    return ClusterView(members, bool(answer.get("pause")))


def with_own_word(cluster: ClusterView, own: Mapping[str, Mapping[str, Any]]) -> ClusterView:
    """Return the view with what members say of themselves (``GET /patroni``), which is of this moment.

    That is whether they run and stream, whether they wait for a restart, and where they are: the lag between positions
    that the store has of different moments is large under load although nobody is behind. The leader must have been
    asked first, so that a standby which reached the leader's position counts as caught up.
    """
    leader = cluster.leader
    position = _position(own.get(leader.name, {})) if leader else None
    members = {name: _updated(member, own.get(name), position) for name, member in cluster.members.items()}
    return replace(cluster, members=members)


def _updated(member: MemberView, own: Mapping[str, Any] | None, leader_position: int | None) -> MemberView:
    if own is None:
        return member
    position = _position(own)
    lag = member.lag
    if not member.leads and leader_position is not None and position is not None:
        lag = max(0, leader_position - position)
    return replace(
        member,
        state=_state(member, own),
        lag=lag,
        pending_restart=bool(own.get("pending_restart")),
        pending_reasons=own.get("pending_restart_reason") or {},
        started=str(own.get("postmaster_start_time") or ""),
        version=version_of(own.get("server_version")),
        patroni_version=str((own.get("patroni") or {}).get("version", "")),
    )


def _state(member: MemberView, own: Mapping[str, Any]) -> str:
    """Return what the member does, in the words of ``GET /cluster``: it is well when the store and it itself say so.

    The store may still have what was before a restart.
    """
    if member.state not in WELL:
        return member.state
    state = str(own.get("state") or member.state)
    return state if member.leads or state != "running" else str(own.get("replication_state") or state)


def version_of(number: Any) -> str:
    """Return 17.12 for 170012."""
    return f"{number // 10000}.{number % 10000}" if isinstance(number, int) else ""


def _position(own: Mapping[str, Any]) -> int | None:
    """Return the byte of WAL that a member has written or received."""
    xlog = own.get("xlog") or {}
    found = xlog.get("location", xlog.get("received_location"))
    return found if isinstance(found, int) else None


def behind(cluster: ClusterView, max_lag: int = MAX_LAG) -> bool:
    """Return whether some standby that streams seems to be too far behind, or as far as nobody knows."""
    return any(member.streams and (member.lag is None or member.lag > max_lag) for member in cluster.members.values())


def caught_up(member: MemberView, cluster: ClusterView, max_lag: int = MAX_LAG) -> list[str]:
    """Return why a standby has not caught up with its leader, or nothing."""
    what = f"PostgreSQL on {member.name}"
    leader = cluster.leader
    if leader is None:
        return [f"{what}: expected a leader to follow, found none in the cluster"]
    objections = []
    if not member.streams:
        objections.append(f"{what}: expected to stream from {leader.name}, found {member.state or 'no state'}")
    if member.timeline != leader.timeline:
        objections.append(
            f"{what}: expected timeline {leader.timeline} of leader {leader.name}, found {member.timeline}"
        )
    if member.lag is None or member.lag > max_lag:
        found = "an unknown lag" if member.lag is None else f"{member.lag} bytes"
        objections.append(f"{what}: expected at most {max_lag} bytes behind {leader.name}, found {found}")
    return objections


def without_lag(name: str, cluster: ClusterView) -> ClusterView:
    """Return the view with this member at its leader's position."""
    members = {key: replace(member, lag=0) if key == name else member for key, member in cluster.members.items()}
    return replace(cluster, members=members)


def answering(cluster: ClusterView, *, besides: str) -> ClusterView:
    """Return the view in which a member that did not answer does nothing, whatever the store remembers of it."""
    members = {
        name: replace(member, state="no answer") if name in cluster.silent and name != besides else member
        for name, member in cluster.members.items()
    }
    return replace(cluster, members=members)


def unfit(name: str, cluster: ClusterView) -> list[str]:
    """Return why this member cannot lead next, or nothing.

    Where replication is synchronous only a quorum (or synchronous) standby holds every acknowledged
    transaction; Patroni hands over to no other.
    """
    what = f"PostgreSQL on {name}"
    member = cluster.members.get(name)
    if member is None:
        return [
            f"{what}: expected a member of the cluster, found {', '.join(sorted(cluster.members)) or 'none at all'}"
        ]
    objections = caught_up(member, cluster)
    if member.role not in STANDBYS:
        objections.append(f"{what}: expected a standby in the quorum, found role {member.role}")
    if member.tags.get("nofailover") or member.tags.get("failover_priority", 1) == 0:
        objections.append(f"{what}: expected a member that may lead, found its tags {dict(member.tags)}")
    return objections


def takers(cluster: ClusterView) -> list[MemberView]:
    """Return the members that may lead next, the best one first."""
    able = [member for member in cluster.members.values() if not unfit(member.name, cluster)]
    return sorted(able, key=lambda member: (member.lag or 0, member.name))


def alone(cluster: ClusterView, expected: Sequence[str]) -> list[str]:
    """Return the sentence to shout when the leader acknowledges without any copy, or nothing."""
    leader = cluster.leader
    if leader is None or len(expected) < 2 or any(m.role in STANDBYS and m.streams for m in cluster.members.values()):
        return []
    sentence = (
        f"PostgreSQL on {leader.name}: LEADER ALONE; expected a standby in the quorum, found none: "
        "what is acknowledged now exists once"
    )
    return [sentence]


def member_health(name: str, cluster: ClusterView, expected: Sequence[str]) -> Verdict:
    """Return whether this member does its part: the leader with a quorum standby, a standby caught up."""
    member = cluster.members.get(name)
    if member is None:
        return Verdict(False, (f"PostgreSQL on {name}: expected in the cluster, found no such member",))
    facts = {"role": member.role, "state": member.state, "timeline": member.timeline, "lag": member.lag}
    if not member.leads:
        objections = caught_up(member, cluster)
        if member.role not in STANDBYS and not member.tags.get("nosync"):
            objections.append(f"PostgreSQL on {name}: expected a standby in the quorum, found role {member.role}")
        return Verdict.of(objections, **facts)
    if member.state != "running":
        return Verdict.of([f"PostgreSQL on {name}: expected the leader to run, found {member.state}"], **facts)
    return Verdict.of(alone(cluster, expected), **facts)


def may_leave(name: str, cluster: ClusterView, expected: Sequence[str]) -> Verdict:
    """Return whether the cluster goes on, and loses nothing, when this member leaves now.

    A standby may go when another one in the quorum has caught up; the leader must have handed over
    first, and may be asked to when somebody can take over. In a cluster declared with two members the
    standby may go: replication is not strict, the leader acknowledges alone until it is back.
    """
    if len(expected) == 1:
        return Verdict(True, ("PostgreSQL was declared with a single member: nobody is protected by waiting",))
    leader = cluster.leader
    if leader is None:
        return Verdict(False, (f"PostgreSQL without {name}: expected a running leader, found none",))
    others = [member for member in takers(cluster) if member.name != name]
    if name == leader.name and not others:
        return Verdict(False, (f"PostgreSQL without leader {name}: expected a standby that can take over, found none",))
    if name != leader.name and not others and len(expected) > 2:
        states = {m.name: f"{m.role}, {m.state}" for m in cluster.members.values() if m.name not in (name, leader.name)}
        objection = (
            f"PostgreSQL without {name}: expected another quorum standby that has caught up with {leader.name}, "
            f"found {states or 'none'}"
        )
        return Verdict(False, (objection,))
    return Verdict(True, facts={"leader": leader.name, "remaining": [member.name for member in others]})


def handed_over(old: str, new: str, cluster: ClusterView) -> Verdict:
    """Return whether a switchover is complete: the new leader leads and the old one streams from it."""
    leader = cluster.leader
    if leader is None or leader.name != new:
        found = leader.name if leader else "no leader"
        return Verdict(False, (f"switchover from {old} to {new}: expected {new} to lead, found {found}",))
    return member_health(old, cluster, [old, new])


def takes_writes(name: str, own: Mapping[str, Any]) -> list[str]:
    """Return why a leader does not take writes yet, by its own word, or nothing."""
    found = f"{own.get('role', 'no role')}, {own.get('state', 'no state')}"
    if own.get("state") == "running" and own.get("role") == "primary":
        return []
    return [f"PostgreSQL on {name}: expected a primary that runs and writes, found {found}"]


def pending(cluster: ClusterView) -> list[str]:
    """Return the names of the members that wait for a restart, the leader last."""
    waiting = [member for member in cluster.members.values() if member.pending_restart]
    return [member.name for member in sorted(waiting, key=lambda member: (member.leads, member.name))]


def report(cluster: ClusterView, expected: Sequence[str]) -> dict[str, Any]:
    """Return the cluster as plain data: every member with its verdict, and all reasons together."""
    members = {}
    reasons: list[str] = []
    for name in sorted({*expected, *cluster.members}):
        verdict = member_health(name, cluster, expected)
        objections = list(verdict.reasons)
        if name in cluster.silent:
            objections.append(f"PostgreSQL on {name}: expected an answer of its Patroni, found {cluster.silent[name]}")
        if name not in expected:
            objections.append(f"PostgreSQL on {name}: expected no member that nobody declared, found one")
        reasons += objections
        members[name] = {**_shown(cluster.members.get(name)), "ok": not objections, "reasons": objections}
    leader = cluster.leader
    return {
        "ok": not reasons,
        "reasons": reasons,
        "leader": leader.name if leader else "",
        "timeline": leader.timeline if leader else None,
        "paused": cluster.paused,
        "pending_restart": pending(cluster),
        "members": members,
    }


def _shown(member: MemberView | None) -> dict[str, Any]:
    if member is None:
        return {}
    return {
        "role": member.role,
        "state": member.state,
        "timeline": member.timeline,
        "lag_bytes": member.lag,
        "pending_restart": member.pending_restart,
        "pending_reasons": dict(member.pending_reasons),
        "tags": dict(member.tags),
        "started": member.started,
        "version": member.version,
        "patroni_version": member.patroni_version,
    }
