# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One Redis server, for the service module and the rolling gate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError, Refused, TimedOut
from ansible_collections.erpops.estate.plugins.module_utils.health import redis as health
from ansible_collections.erpops.estate.plugins.module_utils.health.sentinel import elected
from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict
from ansible_collections.erpops.estate.plugins.module_utils.members.redis_cluster import RedisCluster
from ansible_collections.erpops.estate.plugins.module_utils.waiting import wait_for

# Sentinel promotes a replica within seconds; then everybody follows it and copies what was missed.
HAND_OVER_SECONDS = 60
DRAIN_SECONDS = 5
HOLD_MILLISECONDS = 20_000


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
        """Have Sentinel promote a replica without losing a write; wait until everybody follows it in sync."""
        servers = self._cluster.look_at_servers()
        if len(servers.expected) == 1 or health.master_of(servers) != self.address:
            return []
        ready = health.may_hand_over(self.address, servers)
        if not ready.ok:
            raise Refused("; ".join(ready.reasons), remedy="nothing was changed here; mend the replicas and run again")
        self._without_writes(self._fail_over)
        verdict = wait_for(self._settled, HAND_OVER_SECONDS)
        if not verdict.ok:
            raise TimedOut(
                f"hand-over of the Redis master {self.address}",
                expected=f"another master that takes writes within {HAND_OVER_SECONDS} s",
                found="; ".join(verdict.reasons),
            )
        return [f"Redis master moved from {self.address} to {verdict.facts['master']}"]

    def _without_writes(self, act: Callable[[], None]) -> None:
        """Hold writes meanwhile: what the old master took after the promotion would be lost.

        When they are released this server is a replica, so clients that waited are told to ask for the master again.
        """
        own = self._cluster.servers[self.address]
        own.hold_writes(HOLD_MILLISECONDS)
        try:
            drained = wait_for(
                lambda: health.drained(self.address, self._cluster.look_at_servers()), DRAIN_SECONDS, interval=0.05
            )
            if not drained.ok:
                raise Refused("; ".join(drained.reasons), remedy="nothing was changed here; run again")
            act()
        finally:
            own.release_writes()

    def _fail_over(self) -> None:
        self._ask_sentinels()
        verdict = wait_for(self._promoted, HOLD_MILLISECONDS / 1000 - DRAIN_SECONDS, interval=0.1)
        if verdict.ok:
            # Sentinel would do the same, but only after it has watched the old master for ten seconds.
            self._cluster.servers[self.address].follow(verdict.facts["master"], self._cluster.port)

    def _ask_sentinels(self) -> None:
        trouble: ClientError | None = None
        for sentinel in self._cluster.sentinels.values():
            try:
                sentinel.failover(self._cluster.master_name)
            except ClientError as error:
                trouble = error
            else:
                return
        raise trouble or Refused("SENTINEL FAILOVER", expected="a Sentinel", found="none declared")

    def _promoted(self) -> Verdict:
        master = elected(self._cluster.look_at_sentinels().views)
        if master in ("", self.address):
            return Verdict(False, (f"Redis {self.address}: expected another master, found {master or 'none'}",))
        return Verdict(True, facts={"master": master})

    def _settled(self) -> Verdict:
        servers = self._cluster.look_at_servers()
        master = health.master_of(servers)
        if master in ("", self.address):
            return Verdict(False, (f"Redis {self.address}: expected another master, found {master or 'none'}",))
        reasons = [reason for member in servers.expected for reason in health.member_health(member, servers).reasons]
        return Verdict.of(reasons, master=master)
