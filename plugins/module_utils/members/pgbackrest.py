# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The backups of the cluster this host is a member of."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients.https import Tls, request
from ansible_collections.erpops.estate.plugins.module_utils.clients.pgbackrest import PgbackrestClient
from ansible_collections.erpops.estate.plugins.module_utils.health.pgbackrest import Repository, judge
from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict
from ansible_collections.erpops.estate.plugins.module_utils.members.base import Solitary


class PgbackrestMember(Solitary):
    """Needs ``stanza``, ``container`` and ``max_age_hours``, and of Patroni ``address``, ``port`` and ``ca_file``."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.client = PgbackrestClient(params["stanza"], container=params["container"])
        self._max_age_hours = float(params["max_age_hours"])
        self._patroni = f"https://{params['address']}:{params['port']}"
        self._tls = Tls(params["ca_file"])

    def on_leader(self) -> bool:
        """Return whether this host's PostgreSQL leads: backups are made where it does."""
        return (
            request(
                f"Patroni at {self._patroni}", "GET", f"{self._patroni}/leader", tls=self._tls, accept=(503,)
            ).status
            == 200
        )

    def repository(self) -> Repository:
        """Return what the repository holds."""
        return Repository.from_info(self.client.info())

    def health(self) -> Verdict:
        """Return whether there is a recent backup to restore from."""
        return judge(self.repository(), now=time.time(), max_age_hours=self._max_age_hours)
