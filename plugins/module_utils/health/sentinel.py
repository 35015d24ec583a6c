# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the answers of Sentinels mean: who is master, do they agree, could they elect another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict

# Flags under which a master is not to be touched.
UNSETTLED = ("s_down", "o_down", "failover_in_progress", "disconnected", "reboot")

# By these Sentinel itself leaves a replica out (sentinelSelectSlave in its source), in milliseconds.
PING_VALIDITY = 5_000
INFO_VALIDITY = 30_000


@dataclass(frozen=True)
class View:
    """What one Sentinel says: its answer to SENTINEL MASTER, and why CKQUORUM failed (nothing if it did not).

    Where it was asked for more: the answer to SENTINEL REPLICAS, and the names of all masters it watches.
    """

    master: Mapping[str, str] = field(default_factory=dict)
    no_quorum: str = ""
    replicas: Sequence[Mapping[str, str]] = ()
    watches: Sequence[str] = ()

    @property
    def address(self) -> str:
        """Return the master's address; nothing when the Sentinel watches none."""
        return self.master.get("ip", "")

    @property
    def epoch(self) -> int:
        """Return the version of the configuration, which grows with every failover."""
        return int(self.master.get("config-epoch", 0))

    @property
    def unsettled(self) -> tuple[str, ...]:
        """Return what keeps the master from being touched."""
        return tuple(flag for flag in UNSETTLED if flag in self.master.get("flags", "").split(","))


@dataclass(frozen=True)
class Sentinels:
    """What was seen in one look: ``expected`` addresses, the answers, and why the others did not answer."""

    expected: Sequence[str]
    views: Mapping[str, View] = field(default_factory=dict)
    silent: Mapping[str, str] = field(default_factory=dict)
    quorum: int = 2


def majority(size: int) -> int:
    """Return how many Sentinels authorise a failover."""
    return size // 2 + 1


def elected(views: Mapping[str, View]) -> str:
    """Return the address of the master that the Sentinels elected last; nothing when none of them watches one.

    A Sentinel that was away tells of an older election: the highest epoch is right, and among equals the many.
    """
    known = [view for view in views.values() if view.address]
    if not known:
        return ""
    epoch = max(view.epoch for view in known)
    votes = Counter(view.address for view in known if view.epoch == epoch)
    return min(votes, key=lambda address: (-votes[address], address))


def unfit(replica: Mapping[str, str]) -> str:
    """Return why Sentinel would not promote this replica; nothing when it might."""
    name = f"Redis {replica.get('ip', '')}"
    flags = [flag for flag in ("s_down", "o_down", "disconnected") if flag in replica.get("flags", "").split(",")]
    if flags:
        return f"{name}: expected to be seen by the Sentinel, found {', '.join(flags)}"
    if int(replica.get("last-ok-ping-reply", 0)) > PING_VALIDITY:
        return f"{name}: expected to answer the Sentinel's ping, found the last one {PING_VALIDITY // 1000} s old"
    if replica.get("slave-priority") == "0":
        return f"{name}: expected a replica-priority above 0, found 0, which forbids its promotion"
    if int(replica.get("info-refresh", 0)) > INFO_VALIDITY:
        return f"{name}: expected the Sentinel to know its state, found it {INFO_VALIDITY // 1000} s old"
    if replica.get("master-link-status", "ok") != "ok":
        return f"{name}: expected its link to the master to be up, found it down"
    return ""


def successors(replicas: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
    """Return the addresses of the replicas that a Sentinel might promote, its choice first.

    It takes the lowest priority, among equals the one that has most of the stream, then the lowest run id.
    """

    def rank(replica: Mapping[str, str]) -> tuple[int, int, str]:
        offset = int(replica.get("slave-repl-offset", 0))
        return int(replica.get("slave-priority", 100)), -offset, replica.get("runid") or "~"

    return tuple(replica.get("ip", "") for replica in sorted(replicas, key=rank) if not unfit(replica))


def member_health(address: str, sentinels: Sentinels) -> Verdict:
    """Return whether this Sentinel watches a settled master, knows all others and agrees with them."""
    view = sentinels.views.get(address)
    return Verdict.of(_objections(address, sentinels), role="sentinel", master=view.address if view else "")


def may_leave(address: str, sentinels: Sentinels) -> Verdict:
    """Return whether the other Sentinels could still elect a master."""
    if len(sentinels.expected) == 1:
        return Verdict(True, ("a single Sentinel was declared: nobody is protected by waiting",))
    others = [other for other in sentinels.expected if other != address]
    objections = [reason for other in others for reason in _objections(other, sentinels, knows_others=False)]
    able = [other for other in others if other in sentinels.views]
    needed = max(sentinels.quorum, majority(len(sentinels.expected)))
    if len(able) < needed:
        objections.append(
            f"Sentinels without {address}: expected at least {needed} of {len(sentinels.expected)} to answer, "
            f"found {len(able)} ({', '.join(able) or 'none'})"
        )
    return Verdict.of(objections, others=able)


def _objections(address: str, sentinels: Sentinels, *, knows_others: bool = True) -> list[str]:
    name = f"Sentinel {address}"
    if address not in sentinels.views:
        return [f"{name}: expected an answer, found {sentinels.silent.get(address, 'none')}"]
    view = sentinels.views[address]
    if not view.address:
        return [f"{name}: expected to watch a master, found none"]
    objections = []
    agreed = elected(sentinels.views)
    if view.address != agreed:
        objections.append(f"{name}: expected {agreed} as master like the others, found {view.address}")
    if view.unsettled:
        objections.append(f"{name}: expected master {view.address} to be settled, found {', '.join(view.unsettled)}")
    others = int(view.master.get("num-other-sentinels", 0))
    if knows_others and others != len(sentinels.expected) - 1:
        objections.append(f"{name}: expected to know {len(sentinels.expected) - 1} other Sentinels, found {others}")
    if view.no_quorum:
        objections.append(f"{name}: expected a quorum, found {view.no_quorum}")
    return objections
