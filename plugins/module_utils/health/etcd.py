# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the answers of etcd mean: quorum, leader, lag and alarms; an open port means nothing here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict

# Entries a member may be behind the furthest one and still count as caught up. Patroni writes a few
# keys in each of its loops, so this is minutes of its traffic; etcd itself sends a snapshot only
# beyond 100,000 entries.
MAX_LAG = 1000


@dataclass(frozen=True)
class Cluster:
    """What was seen of a cluster in one look.

    ``expected`` are the names that the estate declares, ``members`` the cluster's own list, ``statuses``
    the answers by name (a member that did not answer is missing and its reason is in ``silent``).
    """

    expected: Sequence[str]
    members: Sequence[Mapping[str, Any]] = ()
    statuses: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    alarms: Sequence[Mapping[str, Any]] = ()
    silent: Mapping[str, str] = field(default_factory=dict)


def quorum(size: int) -> int:
    """Return how many members of ``size`` have to agree."""
    return size // 2 + 1


def leader_of(cluster: Cluster) -> str | None:
    """Return the name of the leader, when those that answer know one and the same."""
    known = {str(status.get("leader", "0")) for status in cluster.statuses.values()}
    if len(known) != 1:
        return None
    leader_id = known.pop()
    for member in cluster.members:
        if str(member.get("ID")) == leader_id:
            return str(member.get("name"))
    return None


def member_health(name: str, cluster: Cluster) -> Verdict:
    """Return whether this member takes part in the quorum and has caught up."""
    return Verdict.of(
        _objections(name, cluster) + _alarm_objections(cluster),
        role="leader" if leader_of(cluster) == name else "follower",
        version=str(cluster.statuses.get(name, {}).get("version", "")),
        lag=_lag(name, cluster),
    )


def may_leave(name: str, cluster: Cluster) -> Verdict:
    """Return whether the others alone keep a quorum, each of them healthy."""
    if len(cluster.expected) == 1:
        return Verdict(True, ("etcd was declared with a single member: nobody is protected by waiting",))
    others = [other for other in cluster.expected if other != name]
    objections = _alarm_objections(cluster)
    for other in others:
        objections += _objections(other, cluster)
    size = len(cluster.members) or len(cluster.expected)
    answering = [other for other in others if other in cluster.statuses]
    if len(answering) < quorum(size):
        objections.append(
            f"etcd without {name}: expected at least {quorum(size)} of {size} members to answer, "
            f"found {len(answering)} ({', '.join(answering) or 'none'})"
        )
    return Verdict.of(objections, others=answering)


def candidate(name: str, cluster: Cluster) -> Mapping[str, Any] | None:
    """Return the member that should lead in place of ``name``: the one that is furthest in the log."""
    able = [
        member
        for member in cluster.members
        if str(member.get("name")) != name
        and not member.get("isLearner")
        and not _objections(str(member.get("name")), cluster)
    ]
    return min(able, key=lambda member: (_lag(str(member.get("name")), cluster), str(member.get("name"))), default=None)


def report(cluster: Cluster) -> dict[str, Any]:
    """Return the cluster as plain data: every member with its verdict, and all reasons together."""
    listed = {_listed_as(member): member for member in cluster.members}
    size = len(cluster.members) or len(cluster.expected)
    answering = [name for name in cluster.expected if name in cluster.statuses]
    reasons = _alarm_objections(cluster)
    if len(answering) < quorum(size):
        reasons.append(
            f"etcd: expected at least {quorum(size)} of {size} members to answer, "
            f"found {len(answering)} ({', '.join(answering) or 'none'}): nothing can be written"
        )
    members = {}
    for name in sorted({*cluster.expected, *listed}):
        objections = _objections(name, cluster)
        if name not in cluster.expected:
            objections = [f"etcd member {name}: expected no member that nobody declared, found one"]
        reasons += objections
        shown = _shown(listed.get(name, {}), cluster.statuses.get(name, {}))
        members[name] = {**shown, "lag": _lag(name, cluster), "ok": not objections, "reasons": objections}
    return {
        "ok": not reasons,
        "reasons": reasons,
        "leader": leader_of(cluster) or "",
        "quorum": {"size": size, "needed": quorum(size), "answering": len(answering)},
        "revision": max((_revision(status) for status in cluster.statuses.values()), default=0),
        "alarms": [str(alarm.get("alarm")) for alarm in cluster.alarms],
        "members": members,
    }


def _listed_as(member: Mapping[str, Any]) -> str:
    """Return the name of a member, or where it is waited for: one that was added has no name before it starts."""
    return str(member.get("name") or next(iter(member.get("peerURLs", [])), ""))


def _shown(entry: Mapping[str, Any], status: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": str(entry.get("ID", "")),
        "learner": bool(entry.get("isLearner")),
        "client_urls": list(entry.get("clientURLs", [])),
        "peer_urls": list(entry.get("peerURLs", [])),
        "version": str(status.get("version", "")),
        "db_size_bytes": int(status.get("dbSize", 0)),
        "db_in_use_bytes": int(status.get("dbSizeInUse", 0)),
        "raft_term": int(status.get("raftTerm", 0)),
    }


def _revision(status: Mapping[str, Any]) -> int:
    return int((status.get("header") or {}).get("revision", 0))


def _lag(name: str, cluster: Cluster) -> int:
    """Return how many raft entries the member still has to apply to be where the furthest one is."""
    if name not in cluster.statuses:
        return -1
    furthest = max(int(status.get("raftIndex", 0)) for status in cluster.statuses.values())
    return furthest - int(cluster.statuses[name].get("raftAppliedIndex", 0))


def _objections(name: str, cluster: Cluster) -> list[str]:
    listed = {str(member.get("name", "")): member for member in cluster.members}
    if name not in listed:
        return [
            f"etcd member {name}: expected in the member list, found {', '.join(sorted(listed)) or 'an empty list'}"
        ]
    if name not in cluster.statuses:
        return [f"etcd member {name}: expected an answer, found {cluster.silent.get(name, 'none')}"]
    status = cluster.statuses[name]
    objections = []
    if listed[name].get("isLearner"):
        objections.append(f"etcd member {name}: expected a voting member, found a learner")
    if str(status.get("leader", "0")) == "0":
        objections.append(f"etcd member {name}: expected to know a leader, found none")
    elif leader_of(cluster) is None:
        seen = {other: str(answer.get("leader", "0")) for other, answer in sorted(cluster.statuses.items())}
        objections.append(f"etcd member {name}: expected all members to know one leader, found {seen}")
    if _lag(name, cluster) > MAX_LAG:
        objections.append(
            f"etcd member {name}: expected at most {MAX_LAG} raft entries behind, found {_lag(name, cluster)}"
        )
    errors = status.get("errors") or []
    if errors:
        objections.append(f"etcd member {name}: expected no errors, found {'; '.join(map(str, errors))}")
    return objections


def _alarm_objections(cluster: Cluster) -> list[str]:
    names = {str(member.get("ID")): str(member.get("name")) for member in cluster.members}
    return [
        f"etcd member {names.get(str(alarm.get('memberID')), alarm.get('memberID'))}: expected no alarm, "
        f"found {alarm.get('alarm')}"
        for alarm in cluster.alarms
    ]
