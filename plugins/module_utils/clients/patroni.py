# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patroni's REST API (https://patroni.readthedocs.io/en/latest/rest_api.html)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import (
    ClientError,
    Unreachable,
)
from ansible_collections.erpops.estate.plugins.module_utils.clients.https import Answer, Login, Tls, request


class PatroniClient:
    """Speaks to one member."""

    def __init__(self, address: str, *, tls: Tls, login: Login | None = None, port: int = 8008) -> None:
        self.what = f"Patroni at {address}:{port}"
        self._base = f"https://{address}:{port}"
        self._tls = tls
        self._login = login

    def cluster(self) -> Mapping[str, Any]:
        """Return the members of the cluster as its store knows them."""
        return self._get("cluster")

    def member(self) -> Mapping[str, Any]:
        """Return what this member says of itself; it answers 503 while PostgreSQL does not run."""
        return self._get("patroni")

    def config(self) -> Mapping[str, Any]:
        """Return the dynamic configuration."""
        return self._get("config")

    def patch_config(self, patch: Mapping[str, Any]) -> Mapping[str, Any]:
        """Merge ``patch`` into the dynamic configuration; a null removes its key."""
        result: Mapping[str, Any] = self._write("PATCH", "config", patch, timeout=15).json()
        return result

    def switchover(self, leader: str, candidate: str) -> str:
        """Hand leadership to a named candidate and return Patroni's sentence."""
        return self._post("switchover", {"leader": leader, "candidate": candidate}, timeout=60)

    def restart(self, timeout: float, *, pending_only: bool = True) -> str:
        """Restart PostgreSQL on this member, by default where a restart is pending, and return Patroni's sentence."""
        # Said each time: else Patroni gives a leader primary_start_timeout, which is for crashes.
        asked = {"timeout": int(timeout), **({"restart_pending": True} if pending_only else {})}
        return self._post("restart", asked, timeout=timeout)

    def _get(self, path: str) -> Mapping[str, Any]:
        answer = request(self.what, "GET", f"{self._base}/{path}", tls=self._tls, accept=(503,))
        result: Mapping[str, Any] = answer.json()
        return result

    def _post(self, path: str, data: Mapping[str, Any], timeout: float) -> str:
        return self._write("POST", path, data, timeout).text()

    def _write(self, method: str, path: str, data: Mapping[str, Any], timeout: float) -> Answer:
        url = f"{self._base}/{path}"
        return request(self.what, method, url, tls=self._tls, login=self._login, data=data, timeout=timeout)


class PatroniCluster:
    """The members of one cluster by name; questions about the cluster go to the first that answers."""

    def __init__(
        self,
        addresses: Mapping[str, str],
        *,
        tls: Tls,
        login: Login | None = None,
        port: int = 8008,
        first: str | None = None,
    ) -> None:
        names = sorted(addresses, key=lambda name: (name != first, name))
        self._clients = {name: PatroniClient(addresses[name], tls=tls, login=login, port=port) for name in names}

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the members, the one to ask first in front."""
        return tuple(self._clients)

    def member(self, name: str) -> PatroniClient:
        """Return the client of one member."""
        return self._clients[name]

    def ask(self, question: Callable[[PatroniClient], Mapping[str, Any]]) -> Mapping[str, Any]:
        """Put a question to one member after the other until one answers; raise the first failure when none does."""
        failures: list[ClientError] = []
        for client in self._clients.values():
            try:
                return question(client)
            except ClientError as error:
                failures.append(error)
        if failures:
            raise failures[0]
        raise Unreachable("Patroni", expected="the addresses of its members", found="none")
