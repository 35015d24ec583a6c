# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pause of Patroni as a lease."""

from __future__ import annotations

from ansible_collections.erpops.estate.plugins.module_utils.clients.patroni import PatroniCluster
from ansible_collections.erpops.estate.plugins.module_utils.leases.state import LeasedState, Outcome
from ansible_collections.erpops.estate.plugins.module_utils.leases.store import LeaseStore
from ansible_collections.erpops.estate.plugins.module_utils.members import patroni_pause


class PatroniMaintenance(LeasedState):
    """Pauses and resumes one cluster."""

    kind = "patroni_pause"
    flag = "paused"
    words = ("Patroni paused", "Patroni resumed")

    def __init__(self, cluster: PatroniCluster, store: LeaseStore, outcome: Outcome, *, dry: bool) -> None:
        scope = str(cluster.ask(lambda member: member.cluster()).get("scope", "patroni"))
        super().__init__(store, outcome, scope, dry=dry)
        self._cluster = cluster

    def is_set(self) -> bool:
        """Return whether the cluster is paused."""
        return patroni_pause.paused(self._cluster)

    def change(self, wish: bool) -> list[str]:
        """Pause it or let it go on."""
        return (patroni_pause.pause if wish else patroni_pause.resume)(self._cluster)
