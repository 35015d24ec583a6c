# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One Redis server, for the service module and the rolling gate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError, Refused, TimedOut
from ansible_collections.erpops.estate.plugins.module_utils.health import redis as health
from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict
from ansible_collections.erpops.estate.plugins.module_utils.members.redis_cluster import RedisCluster
from ansible_collections.erpops.estate.plugins.module_utils.waiting import wait_for

# Sentinel elects within a second; the old master then copies what it missed.
HAND_OVER_SECONDS = 60


class RedisMember:
    """The server of this host; parameters as for :class:`RedisCluster`."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self._cluster = RedisCluster(params)
        self.address = self._cluster.address

    def health(self) -> Verdict:
        """Return whether this server does what its role asks and has caught up."""
        return health.member_health(self.address, self._cluster.look_at_servers())

    def leads(self) -> bool:
        """Return whether this server is the master."""
        return health.master_of(self._cluster.look_at_servers()) == self.address

    def may_leave(self) -> Verdict:
        """Return whether the master would still take writes without this server."""
        return health.may_leave(self.address, self._cluster.look_at_servers())

    def step_aside(self) -> list[str]:
        """Have Sentinel elect another master; wait until it takes writes and this server follows it in sync."""
        servers = self._cluster.look_at_servers()
        if len(servers.expected) == 1 or health.master_of(servers) != self.address:
            return []
        ready = health.may_hand_over(self.address, servers)
        if not ready.ok:
            raise Refused("; ".join(ready.reasons), remedy="nothing was changed here; mend the replicas and run again")
        self._fail_over()
        verdict = wait_for(self._handed_over, HAND_OVER_SECONDS)
        if not verdict.ok:
            raise TimedOut(
                f"hand-over of the Redis master {self.address}",
                expected=f"another master that takes writes within {HAND_OVER_SECONDS} s",
                found="; ".join(verdict.reasons),
            )
        return [f"Redis master moved from {self.address} to {verdict.facts['master']}"]

    def _fail_over(self) -> None:
        trouble: ClientError | None = None
        for sentinel in self._cluster.sentinels.values():
            try:
                sentinel.failover(self._cluster.master_name)
            except ClientError as error:
                trouble = error
            else:
                return
        raise trouble or Refused("SENTINEL FAILOVER", expected="a Sentinel", found="none declared")

    def _handed_over(self) -> Verdict:
        servers = self._cluster.look_at_servers()
        master = health.master_of(servers)
        if not master or master == self.address:
            return Verdict(False, (f"Redis {self.address}: expected another master, found {master or 'none'}",))
        reasons = [reason for member in servers.expected for reason in health.member_health(member, servers).reasons]
        return Verdict.of(reasons, master=master)
