# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The read-only API that Traefik offers on its management address."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.clients.https import Tls, request

# The management address speaks plain HTTP; it is bound to the management plane alone.
NO_TLS = Tls("")
# More than any estate has: the API would otherwise answer in pages of 100.
PAGE = "per_page=100000"


class TraefikClient:
    """Asks one Traefik; every answer is fresh."""

    def __init__(self, url: str, *, timeout: float = 5.0) -> None:
        """``url`` is the management address, such as ``http://10.0.0.1:8082``."""
        self.url = url.rstrip("/")
        self._timeout = timeout

    def takes_requests(self) -> bool:
        """Return whether ping answers; it refuses from the moment Traefik was asked to stop."""
        try:
            self._get("/ping")
        except ClientError:
            return False
        return True

    def version(self) -> tuple[str, float]:
        """Return the version of the running process and the seconds since it started."""
        answer = self._json("/api/version")
        started = str(answer.get("startDate", ""))[:19] + "+00:00"
        return str(answer.get("Version", "")), (datetime.now(UTC) - datetime.fromisoformat(started)).total_seconds()

    def routers(self) -> list[dict[str, Any]]:
        """Return all HTTP routers with their status."""
        return list(self._json(f"/api/http/routers?{PAGE}"))

    def services(self) -> list[dict[str, Any]]:
        """Return all HTTP services with their status and that of their servers."""
        return list(self._json(f"/api/http/services?{PAGE}"))

    def certificates(self) -> list[dict[str, Any]]:
        """Return the certificates in use."""
        return list(self._json(f"/api/certificates?{PAGE}"))

    def _get(self, path: str) -> bytes:
        what = f"Traefik at {self.url}"
        return request(what, "GET", self.url + path, tls=NO_TLS, timeout=self._timeout).body

    def _json(self, path: str) -> Any:
        what = f"Traefik at {self.url}"
        return request(what, "GET", self.url + path, tls=NO_TLS, timeout=self._timeout).json()
