# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One member of etcd, for the service module and the rolling gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.clients.etcd import EtcdClient
from ansible_collections.erpops.estate.plugins.module_utils.clients.https import Tls
from ansible_collections.erpops.estate.plugins.module_utils.health import etcd as judge
from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict


class EtcdMember:
    """The member ``name`` among ``members`` (name: address).

    Parameters: ``name``, ``members``, ``ca_file``, ``cert_file``, ``key_file``, optionally ``port``.
    """

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.name = str(params["name"])
        tls = Tls(params["ca_file"], params["cert_file"], params["key_file"])
        port = int(params.get("port", 2379))
        self._clients = {
            name: EtcdClient(address, tls=tls, port=port) for name, address in sorted(params["members"].items())
        }

    def health(self) -> Verdict:
        """Return whether this member answers a read that a quorum stands behind, knows the leader and has caught up."""
        own = self._clients[self.name]
        own.read("health")
        return judge.member_health(self.name, self._look(own.members(), own.alarms()))

    def leads(self) -> bool:
        """Return whether this member is the leader, as whoever answers knows it."""
        return judge.leader_of(self._cluster()) == self.name

    def may_leave(self) -> Verdict:
        """Return whether the others keep a quorum without this member; they are asked, not it."""
        return judge.may_leave(self.name, self._cluster(without_self=True))

    def step_aside(self) -> list[str]:
        """Hand leadership to the member that is furthest, if this one leads."""
        cluster = self._cluster()
        heir = judge.candidate(self.name, cluster)
        if judge.leader_of(cluster) != self.name or heir is None:
            return []
        self._clients[self.name].move_leader(str(heir["ID"]))
        return [f"etcd leadership moved from {self.name} to {heir['name']}"]

    def _cluster(self, *, without_self: bool = False) -> judge.Cluster:
        """Return what the first member that answers with a quorum behind it knows, and everybody's status."""
        trouble: ClientError | None = None
        for name, client in self._clients.items():
            if without_self and name == self.name and len(self._clients) > 1:
                continue
            try:
                client.read("health")
                return self._look(client.members(), client.alarms())
            except ClientError as error:
                trouble = error
        if trouble is not None:
            raise trouble
        return judge.Cluster(tuple(self._clients))

    def _look(self, members: Sequence[Mapping[str, Any]], alarms: Sequence[Mapping[str, Any]]) -> judge.Cluster:
        statuses: dict[str, Mapping[str, Any]] = {}
        silent: dict[str, str] = {}
        for name, client in self._clients.items():
            try:
                statuses[name] = client.status()
            except ClientError as error:
                silent[name] = str(error)
        return judge.Cluster(tuple(self._clients), members, statuses, alarms, silent)
