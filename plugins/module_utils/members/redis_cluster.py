# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All Redis servers and Sentinels of an estate, seen from one of their hosts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.clients.redis import Access, RedisClient
from ansible_collections.erpops.estate.plugins.module_utils.clients.sentinel import SentinelClient
from ansible_collections.erpops.estate.plugins.module_utils.health.redis import Servers
from ansible_collections.erpops.estate.plugins.module_utils.health.sentinel import Sentinels, View, elected


class RedisCluster:
    """Looks at everybody; who does not answer is part of what was seen.

    Parameters: ``address`` of this host, ``members`` (addresses, this one among them), ``port``, ``sentinel_port``,
    ``master_name``, ``quorum``, ``min_replicas``, ``max_lag_seconds``, ``ca_file``, ``user``, ``password_file``.
    """

    def __init__(self, params: Mapping[str, Any], wished_password: str = "") -> None:
        self.address = str(params["address"])
        self.members = [str(member) for member in params["members"]]
        self.master_name = str(params["master_name"])
        self.port = int(params["port"])
        self.params = params
        access = Access(params["ca_file"], params["user"], params["password_file"], wished_password)
        self.servers = {member: RedisClient(member, self.port, access) for member in self.members}
        self.sentinels = {
            member: SentinelClient(member, int(params["sentinel_port"]), access) for member in self.members
        }

    def look_at_sentinels(self, *, closely: bool = False) -> Sentinels:
        """Ask every Sentinel for the master and the quorum; ``closely`` for what it knows of the replicas, too."""
        views, silent = {}, {}
        for member, client in self.sentinels.items():
            try:
                views[member] = self._view(client, closely=closely)
            except ClientError as error:
                silent[member] = str(error)
        return Sentinels(self.members, views, silent, int(self.params["quorum"]))

    def _view(self, client: SentinelClient, *, closely: bool) -> View:
        name = self.master_name
        master = client.master(name)
        no_quorum = client.check_quorum(name) if master else ""
        if not closely:
            return View(master, no_quorum)
        return View(master, no_quorum, client.replicas(name) if master else (), client.masters())

    def look_at_servers(self, sentinels: Sentinels | None = None) -> Servers:
        """Ask every server for its view of itself, in the light of what the Sentinels say."""
        sentinels = sentinels or self.look_at_sentinels()
        infos, silent = {}, {}
        for member, client in self.servers.items():
            try:
                infos[member] = client.info()
            except ClientError as error:
                silent[member] = str(error)
        return Servers(
            self.members,
            infos,
            silent,
            elected(sentinels.views),
            int(self.params["min_replicas"]),
            int(self.params["max_lag_seconds"]),
        )
