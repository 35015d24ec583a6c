# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who becomes Redis' master next, as far as Sentinel lets anybody say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ansible_collections.erpops.estate.plugins.module_utils.health import redis, sentinel


@dataclass(frozen=True)
class Failover:
    """Who hands over to whom.

    Without ``successor`` nothing is to be done, with ``objections`` nothing may be; ``quorum`` is whether there is one.
    """

    master: str
    successor: str = ""
    objections: tuple[str, ...] = ()
    quorum: bool = True


def failover(
    servers: redis.Servers, sentinels: sentinel.Sentinels, *, candidate: str = "", away_from: str = ""
) -> Failover:
    """Return what a failover would be.

    Nothing is to be done where ``candidate`` is master already, or where ``away_from`` is named and another one is.
    A Sentinel takes no name: a candidate can be had where one of them would choose it anyway.
    """
    master = redis.master_of(servers)
    if not sentinels.views or not master:
        silent = tuple(sentinels.silent.values())
        return Failover(master, objections=("failover: expected a master that Sentinels watch, found none", *silent))
    if candidate == master or (away_from and away_from != master):
        return Failover(master)
    no_quorum = {view.no_quorum for view in sentinels.views.values() if view.no_quorum}
    if no_quorum:
        return Failover(master, objections=tuple(sorted(no_quorum)), quorum=False)
    objections = [
        f"Redis master {master}: expected it to be settled, found {', '.join(view.unsettled)} at Sentinel {address}"
        for address, view in sentinels.views.items()
        if view.unsettled
    ]
    objections += redis.may_hand_over(master, servers).reasons if len(servers.expected) > 1 else ()
    if objections:
        return Failover(master, objections=tuple(objections))
    asked = choosing(sentinels, candidate)
    if asked:
        return Failover(master, chosen(sentinels)[asked[0]])
    return Failover(master, objections=_refusal(candidate, sentinels))


def choosing(sentinels: sentinel.Sentinels, candidate: str = "") -> tuple[str, ...]:
    """Return the addresses of the Sentinels that would promote the candidate, or anybody when none is named."""
    return tuple(address for address, heir in chosen(sentinels).items() if heir == (candidate or heir))


def chosen(sentinels: sentinel.Sentinels) -> Mapping[str, str]:
    """Return whom each Sentinel would promote, of those that would promote anybody."""
    heirs = {address: sentinel.successors(view.replicas) for address, view in sentinels.views.items()}
    return {address: order[0] for address, order in heirs.items() if order}


def _refusal(candidate: str, sentinels: sentinel.Sentinels) -> tuple[str, ...]:
    heirs = sorted(set(chosen(sentinels).values()))
    seen = [replica for view in sentinels.views.values() for replica in view.replicas]
    if candidate and candidate not in {replica.get("ip") for replica in seen}:
        return (f"candidate {candidate}: expected a replica of the master, found none of that address",)
    reasons = dict.fromkeys(sentinel.unfit(replica) for replica in seen if candidate in ("", replica.get("ip")))
    objections = tuple(reason for reason in reasons if reason)
    if objections or not heirs:
        return objections or ("failover: expected a replica to promote, found none",)
    reason = (
        f"candidate {candidate}: expected Sentinel to choose it, found that it would choose {', '.join(heirs)}; "
        "it goes by replica-priority, what was received, and run id: name no candidate, or lower its priority first"
    )
    return (reason,)
