# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One Redis server, for the service module and the rolling gate."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import (
    ClientError,
    NoCandidate,
    Refused,
    TimedOut,
)
from ansible_collections.erpops.estate.plugins.module_utils.health import redis as health
from ansible_collections.erpops.estate.plugins.module_utils.health.sentinel import elected
from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict
from ansible_collections.erpops.estate.plugins.module_utils.members.redis_cluster import RedisCluster
from ansible_collections.erpops.estate.plugins.module_utils.policy.redis_failover import choosing
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
        self.held_seconds = 0.0

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
        return [f"Redis master moved from {self.address} to {self.hand_over()}"]

    def hand_over(self, candidate: str = "") -> str:
        """Do it without asking whether it is wise, by a Sentinel that chooses ``candidate``; return the new master."""
        self._without_writes(lambda: self._fail_over(candidate))
        verdict = wait_for(self._settled, HAND_OVER_SECONDS)
        if not verdict.ok:
            raise TimedOut(
                f"hand-over of the Redis master {self.address}",
                expected=f"another master that takes writes within {HAND_OVER_SECONDS} s",
                found="; ".join(verdict.reasons),
            )
        return str(verdict.facts["master"])

    def _without_writes(self, act: Callable[[], None]) -> None:
        """Hold writes meanwhile: what the old master took after the promotion would be lost.

        When they are released this server is a replica, so clients that waited are told to ask for the master again.
        """
        own = self._cluster.servers[self.address]
        since = time.monotonic()
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
            self.held_seconds = time.monotonic() - since

    def _fail_over(self, candidate: str) -> None:
        asked = choosing(self._cluster.look_at_sentinels(closely=True), candidate)
        if not asked:
            raise NoCandidate(
                f"hand-over of the Redis master {self.address}",
                expected=f"a Sentinel that would promote {candidate or 'a replica'}",
                found="none",
                remedy="nothing was changed here; run again, or name no candidate",
            )
        self._ask_sentinels(asked)
        verdict = wait_for(self._promoted, HOLD_MILLISECONDS / 1000 - DRAIN_SECONDS, interval=0.1)
        if verdict.ok:
            # Sentinel would do the same, but only after it has watched the old master for ten seconds.
            self._cluster.servers[self.address].follow(verdict.facts["master"], self._cluster.port)

    def _ask_sentinels(self, addresses: Sequence[str]) -> None:
        trouble: ClientError | None = None
        for address in addresses:
            try:
                self._cluster.sentinels[address].failover(self._cluster.master_name)
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
        sentinels = self._cluster.look_at_sentinels()
        servers = self._cluster.look_at_servers(sentinels)
        master = health.master_of(servers)
        if master in ("", self.address):
            return Verdict(False, (f"Redis {self.address}: expected another master, found {master or 'none'}",))
        reasons = [reason for member in servers.expected for reason in health.member_health(member, servers).reasons]
        # Clients ask any Sentinel; the others hear of the election within two seconds.
        reasons += [
            f"Sentinel {address}: expected it to name {master} as master, found {view.address or 'none'}"
            for address, view in sentinels.views.items()
            if view.address != master
        ]
        return Verdict.of(reasons, master=master)
