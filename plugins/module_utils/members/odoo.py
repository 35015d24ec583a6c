# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One Odoo container, for the service module and the rolling gate."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo import OdooClient
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_database import Database
from ansible_collections.erpops.estate.plugins.module_utils.clients.traefik import TraefikClient
from ansible_collections.erpops.estate.plugins.module_utils.health.odoo import WEB, Container, container_health
from ansible_collections.erpops.estate.plugins.module_utils.health.odoo import may_leave as another_serves
from ansible_collections.erpops.estate.plugins.module_utils.health.traefik import last_of
from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict
from ansible_collections.erpops.estate.plugins.module_utils.members.base import Solitary
from ansible_collections.erpops.estate.plugins.module_utils.members.traefik import look as look_at_edge
from ansible_collections.erpops.estate.plugins.module_utils.waiting import wait_for

PATIENCE_SECONDS = 60

# The advisory lock by which queue_job's runners settle who hands out the jobs; it is one of the instance's database.
RUNNER_LOCK = 2293787760715711918
# Connections of one container, told by the application name that its configuration gives them. A runner's
# advisory lock shows as the two halves of its 64-bit number.
BACKENDS = f"""
SELECT a.datname, bool_or(l.pid IS NOT NULL)
FROM pg_stat_activity a
LEFT JOIN pg_locks l ON l.pid = a.pid AND l.locktype = 'advisory' AND l.granted
     AND (l.classid::bigint << 32 | l.objid::bigint) = {RUNNER_LOCK}
WHERE a.usename = current_user AND a.application_name LIKE %s
GROUP BY a.datname
"""  # noqa: S608 - a number of our own


class OdooMember(Solitary):
    """The container of one kind of process of one instance on this host.

    Parameters: ``name``, ``process`` (web, cron or jobs), ``address``, ``http_port``; for web ``gevent_port``,
    ``peers`` (name and address of the other application nodes), ``edges`` (name and url of each edge's management
    address), ``drain_file`` and ``drain_seconds``; for cron and jobs ``service_file``, ``service``, ``database`` and
    ``application``, the beginning of its application name.

    A container for web leads while the edge sends it requests that another node could take. Of the others none
    does: which job runner is active is settled by a lock that passes on by itself.
    """

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.name = str(params["name"])
        self._params = params
        self._client = self._at(self.name, str(params["address"]))

    def health(self) -> Verdict:
        """Return whether the container does its part of the instance's work."""
        return container_health(self._look(self.name, self._client))

    def may_leave(self) -> Verdict:
        """Return whether the edges send users to another node that serves them; work in the background may wait."""
        if self._params["process"] != WEB:
            return Verdict(True)
        others = [
            container_health(self._look(f"{self.name} on {peer['name']}", self._at(peer["name"], peer["address"])))
            for peer in self._params.get("peers") or ()
        ]
        serves = another_serves(self.name, others)
        if not serves.ok or not others:
            return serves
        own = f"http://{self._params['address']}:{self._params['http_port']}"
        edges = [look_at_edge(edge["name"], TraefikClient(edge["url"])) for edge in self._params.get("edges") or ()]
        # One that is healthy serves nobody while it is drained.
        return Verdict.of(
            f"{edge.name}: expected another server that is up and not drained in {service}, found none"
            for edge in edges
            for service in last_of(edge, {own})
        )

    def leads(self) -> bool:
        """Return whether users are served here and could be elsewhere."""
        if not self._params.get("peers"):
            return False
        try:
            return bool(self._client.server().get("status") == "pass")
        except ClientError:
            return False

    def step_aside(self) -> list[str]:
        """Let the edge send new requests elsewhere; those in flight are finished when the container stops."""
        # Drained before another node serves, this one would leave users with none.
        if not wait_for(self.may_leave, PATIENCE_SECONDS).ok:
            return []
        mark = Path(str(self._params["drain_file"]))
        guard.about_to_write(str(mark), "a mark that drains")
        mark.unlink(missing_ok=True)
        mark.touch(mode=0o644)
        time.sleep(float(self._params["drain_seconds"]))
        return [f"{self.name}: drained"]

    def _at(self, name: str, address: str) -> OdooClient:
        return OdooClient(name, address, int(self._params["http_port"]), int(self._params.get("gevent_port") or 0))

    def _look(self, name: str, client: OdooClient) -> Container:
        process = str(self._params["process"])
        web = process == WEB
        try:
            return Container(
                name=name,
                process=process,
                version=client.version(),
                server=client.server(),
                websocket=client.websocket(),
                sessions=client.sessions() if web else {},
                login_page=client.login_page() if web else 0,
                backends=() if web else self._backends(),
            )
        except ClientError as error:
            return Container(name=name, process=process, trouble=str(error))

    def _backends(self) -> list[tuple[str, bool]]:
        params = self._params
        with Database.service(
            f"database {params['database']} for {self.name}",
            service_file=str(params["service_file"]),
            service=str(params["service"]),
            database=str(params["database"]),
        ) as database:
            return [(str(name), bool(lock)) for name, lock in database.rows(BACKENDS, f"{params['application']}%")]
