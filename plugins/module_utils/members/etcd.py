# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One member of etcd, for the service module and the rolling gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.clients.etcd import EtcdClient, EtcdCluster
from ansible_collections.erpops.estate.plugins.module_utils.clients.https import Tls
from ansible_collections.erpops.estate.plugins.module_utils.health import etcd as judge
from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict

# Options of every module that speaks to etcd; documented in the fragment of the same name.
CONNECTION_SPEC: Mapping[str, Mapping[str, Any]] = {
    "members": {"type": "dict"},
    "member": {"type": "str"},
    "port": {"type": "int"},
    "ca_file": {"type": "path"},
    "cert_file": {"type": "path"},
    # The path of a file is no secret.
    "key_file": {"type": "path", "no_log": False},
}
NEEDED = ("members", "ca_file", "cert_file", "key_file")


def connect(params: Mapping[str, Any], *, first: str | None = None) -> EtcdCluster:
    """Return the cluster that ``params`` describe."""
    tls = Tls(params["ca_file"], params["cert_file"], params["key_file"])
    port = int(params.get("port") or 2379)
    return EtcdCluster(params["members"], tls=tls, port=port, first=first or params.get("member"))


def survey(cluster: EtcdCluster) -> judge.Cluster:
    """Return all that can be seen; without a quorum that is each member's own word and its own list of members.

    It raises where no member answers at all.
    """
    seen = look(cluster, (), ())
    # Whoever knows a leader has a quorum behind it; who is silent keeps nobody waiting twice.
    answering = sorted(seen.statuses, key=lambda name: str(seen.statuses[name].get("leader", "0")) == "0")
    members = cluster.ask(lambda client: client.members(), answering or None)
    try:
        alarms = cluster.ask(lambda client: client.alarms(), answering)
    except ClientError:
        # They take a quorum; that there is none is what the members' own words say.
        alarms = ()
    return replace(seen, members=members, alarms=alarms)


def look(
    cluster: EtcdCluster, members: Sequence[Mapping[str, Any]], alarms: Sequence[Mapping[str, Any]]
) -> judge.Cluster:
    """Return these lists with everybody's own status; all are asked at once."""
    statuses: dict[str, Mapping[str, Any]] = {}
    silent: dict[str, str] = {}
    with ThreadPoolExecutor(max_workers=max(1, len(cluster.names))) as pool:
        asked = {name: pool.submit(cluster.member(name).status) for name in cluster.names}
    for name, answer in asked.items():
        try:
            statuses[name] = answer.result()
        except ClientError as error:
            silent[name] = str(error)
    return judge.Cluster(cluster.names, members, statuses, alarms, silent)


class EtcdMember:
    """The member ``name`` among ``members`` (name: address).

    Parameters: ``name``, ``members``, ``ca_file``, ``cert_file``, ``key_file``, optionally ``port``.
    """

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.name = str(params["name"])
        self._everybody = connect(params)

    def health(self) -> Verdict:
        """Return whether this member answers a read that a quorum stands behind, knows the leader and has caught up."""
        own = self._everybody.member(self.name)
        own.read("health")
        return judge.member_health(self.name, look(self._everybody, own.members(), own.alarms()))

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
        self._everybody.member(self.name).move_leader(str(heir["ID"]))
        return [f"etcd leadership moved from {self.name} to {heir['name']}"]

    def _cluster(self, *, without_self: bool = False) -> judge.Cluster:
        """Return what the first member that answers with a quorum behind it knows, and everybody's status."""
        names = self._everybody.names
        asked = [name for name in names if not (without_self and name == self.name and len(names) > 1)]
        return self._everybody.ask(self._with_quorum, asked)

    def _with_quorum(self, client: EtcdClient) -> judge.Cluster:
        client.read("health")
        return look(self._everybody, client.members(), client.alarms())
