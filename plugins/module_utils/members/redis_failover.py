# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A planned change of Redis' master."""

from __future__ import annotations

from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import NoCandidate, NoQuorum, Refused
from ansible_collections.erpops.estate.plugins.module_utils.members.redis import RedisMember
from ansible_collections.erpops.estate.plugins.module_utils.members.redis_cluster import RedisCluster
from ansible_collections.erpops.estate.plugins.module_utils.policy.redis_failover import Failover, failover

REMEDY = "nothing was changed; mend what is named and run again"


def plan(cluster: RedisCluster, *, candidate: str = "", away_from: str = "") -> Failover:
    """Return what would be done; raise with every reason where it may not be."""
    for address in filter(None, (candidate, away_from)):
        if address not in cluster.members:
            members = ", ".join(cluster.members)
            raise NoCandidate(f"Redis {address}", expected=f"one of {members}", found="no member of that address")
    sentinels = cluster.look_at_sentinels(closely=True)
    if not sentinels.views:
        # Nobody answers: asked once more, the Sentinel of this host says what kind of trouble it is.
        cluster.sentinels[cluster.address].check_quorum(cluster.master_name)
    found = failover(cluster.look_at_servers(sentinels), sentinels, candidate=candidate, away_from=away_from)
    if found.objections:
        trouble = NoCandidate if found.quorum else NoQuorum
        raise trouble("; ".join(found.objections), remedy=REMEDY)
    return found


def carry_out(cluster: RedisCluster, wanted: Failover, *, candidate: str = "") -> dict[str, Any]:
    """Do it and return the new master and for how long writes were held."""
    member = RedisMember({**cluster.params, "address": wanted.master})
    master = member.hand_over(candidate)
    if candidate and master != candidate:
        raise Refused(
            f"hand-over of the Redis master {wanted.master}",
            expected=f"Sentinel to promote {candidate}, as it was about to",
            found=f"{master}, which takes writes; meanwhile it had received more of the stream",
            remedy="nothing was lost; run again, or name no candidate",
        )
    return {"master": master, "held_seconds": round(member.held_seconds, 2)}
