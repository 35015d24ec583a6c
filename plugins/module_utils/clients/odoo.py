# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One Odoo container, over the HTTP that it serves on the application plane or on this host alone."""

from __future__ import annotations

from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import NotAuthorised
from ansible_collections.erpops.estate.plugins.module_utils.clients.https import Answer, Tls, request
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_http import Json2, Route

# Odoo speaks HTTP behind the edge; nothing is verified there because nothing is presented.
PLAIN = Tls(ca_file="")
TIMEOUT_SECONDS = 10.0


class OdooClient:
    """The processes of one container: the HTTP workers, and where it has one the gevent process."""

    def __init__(self, name: str, address: str, http_port: int, gevent_port: int = 0) -> None:
        self.name = name
        self._address = (address, http_port)
        self._http = f"http://{address}:{http_port}"
        self._gevent = f"http://{address}:{gevent_port}" if gevent_port else ""

    def serves(self) -> bool:
        """Return whether the container takes requests, whatever the databases do; one that is leaving does not."""
        answer = self._get(f"{self._http}/web/health", accept=(500, 503))
        return answer.status == 200 and bool(answer.json().get("status") == "pass")

    def server(self) -> Any:
        """Return what the HTTP workers say about themselves and their way to the database server."""
        return self._get(f"{self._http}/web/health?db_server_status=1", accept=(500, 503)).json()

    def websocket(self) -> Any:
        """Return what the gevent process says; {} for a container without one."""
        return self._get(f"{self._gevent}/websocket/health").json() if self._gevent else {}

    def sessions(self) -> Any:
        """Return where sessions are kept; an Odoo that did not load the add-on has no such page."""
        answer = self._get(f"{self._http}/erpops/health/sessions", accept=(404, 500, 503))
        return answer.json() if answer.status != 404 else {}

    def login_page(self) -> int:
        """Return the status of the login page, which needs the instance's own database."""
        return self._get(f"{self._http}/web/login", accept=(404, 500, 503)).status

    def version(self) -> str:
        """Return Odoo's version."""
        return str(self._get(f"{self._http}/web/version").json().get("version", ""))

    def route(self) -> Route:
        """Return a connection that is kept for several requests."""
        return Route(self.name, *self._address)

    def json2(self, database: str, key: str) -> Json2:
        """Return JSON-2 at this container."""
        return Json2(self.route(), database, key)

    def knows_key(self, database: str, key: str) -> bool:
        """Return whether the API key is valid now."""
        try:
            self.json2(database, key).call("res.users", "context_get")
        except NotAuthorised:
            return False
        return True

    def _get(self, url: str, accept: tuple[int, ...] = ()) -> Answer:
        return request(self.name, "GET", url, tls=PLAIN, timeout=TIMEOUT_SECONDS, accept=accept)
