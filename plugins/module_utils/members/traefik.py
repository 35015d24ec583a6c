# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One edge, for the service module and the rolling gate."""

from __future__ import annotations

import hashlib
import ssl
import time
from collections.abc import Mapping
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients import connections
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.clients.traefik import TraefikClient
from ansible_collections.erpops.estate.plugins.module_utils.health import traefik as health
from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict
from ansible_collections.erpops.estate.plugins.module_utils.members.keepalived import Lever
from ansible_collections.erpops.estate.plugins.module_utils.policy import drained as policy
from ansible_collections.erpops.estate.plugins.module_utils.waiting import wait_for

DYNAMIC_FILE = "/etc/erpops/traefik/dynamic/estate.yml"
ENTRY_PORTS = (80, 443)
# The role names the services of websockets so. They are no requests that end: who holds one dials again.
WEBSOCKETS = "-gevent"
# A segment of a connection that has just been opened may still be on its way here.
QUIET_SECONDS = 1.0


class TraefikMember:
    """The edge of this host.

    Parameters: ``name`` and ``url`` (management address), ``peers`` (a list of the same two), ``services``
    (servers by service), ``dynamic_file`` (where they are written), ``application_hosts`` (address by name),
    ``certificate_file``, ``virtual_ip`` ("" when the estate has none), ``leave_seconds`` (how long the connections of
    users are waited for). It leads while it has the virtual address.
    """

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.name = str(params["name"])
        self._client = TraefikClient(params["url"])
        self._peers = {str(peer["name"]): TraefikClient(peer["url"]) for peer in params["peers"]}
        self._services: Mapping[str, list[str]] = params["services"]
        self._dynamic_file = dynamic_file(params)
        self._certificate_file = str(params["certificate_file"])
        self._lever = Lever(str(params["virtual_ip"]))
        self._leave_seconds = float(params.get("leave_seconds") or 0)

    def health(self) -> Verdict:
        """Return whether the edge routes all it should, with the certificate that lies on this host."""
        wanted = health.Wanted(self._in_service(), _fingerprint(self._certificate_file))
        return health.edge_health(look(self.name, self._client), wanted)

    def leads(self) -> bool:
        """Return whether the virtual address is here."""
        return self._lever.has_address()

    def may_leave(self) -> Verdict:
        """Return whether another edge is healthy and has the virtual address."""
        # What is drained over there only the other edge knows.
        wanted = health.Wanted(self._services, all_in_service=False)
        others = [health.edge_health(look(name, client), wanted) for name, client in sorted(self._peers.items())]
        return health.may_leave(self.name, others, has_address=self._lever.has_address())

    def step_aside(self) -> list[str]:
        """Hand the virtual address to another edge, when one is able to serve."""
        if not self._peers or not any(client.takes_requests() for client in self._peers.values()):
            return []
        return self._lever.give_up()

    def finish(self) -> list[str]:
        """Wait until the connections that users have here have ended, websockets apart.

        Their segments reach this host after the address has moved, too. Kept ones are closed with an answer when
        they are old enough; what is left at the end of the bound is cut.
        """
        if not self._lever.address or not self._peers:
            return []
        began, quiet_since, left = time.monotonic(), None, 0

        def ended() -> Verdict:
            nonlocal quiet_since, left
            left = connections.accepted(ENTRY_PORTS) - self._websockets()
            if left > 0:
                quiet_since = None
                return Verdict(False, (f"{self.name}: {left} connections of users are open",))
            quiet_since = quiet_since or time.monotonic()
            return Verdict.of(() if time.monotonic() - quiet_since >= QUIET_SECONDS else ("the last has just ended",))

        done = wait_for(ended, self._leave_seconds).ok
        waited = f"{self.name}: waited {time.monotonic() - began:.0f} s for the connections of its users to end"
        return [waited if done else f"{waited}; {max(left, 0)} are cut"]

    def _websockets(self) -> int:
        """Return how many websockets this edge holds open for users."""
        urls = {url for name, urls in self._services.items() if name.endswith(WEBSOCKETS) for url in urls}
        return connections.opened({(policy.address_of(url), policy.port_of(url)) for url in urls})

    def _in_service(self) -> dict[str, list[str]]:
        drained = policy.drained(read(self._dynamic_file))
        return {name: [url for url in urls if url not in drained] for name, urls in self._services.items()}


def dynamic_file(params: Mapping[str, Any]) -> str:
    """Return the file in which an edge is told of its servers."""
    return str(params.get("dynamic_file") or DYNAMIC_FILE)


def read(path: str) -> str:
    """Return the file; nothing where there is none yet."""
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.read()
    except FileNotFoundError:
        return ""


def look(name: str, client: TraefikClient) -> health.Edge:
    """Return the edge as it answers now."""
    try:
        version, age = client.version()
        return health.Edge(
            name=name,
            takes_requests=client.takes_requests(),
            version=version,
            age=age,
            routers=client.routers(),
            services=client.services(),
            certificates=client.certificates(),
        )
    except ClientError as error:
        return health.Edge(name=name, trouble=str(error))


def _fingerprint(path: str) -> str:
    """Return the SHA-256 of the first certificate in the file."""
    with open(path, encoding="ascii") as stream:
        first, end, _rest = stream.read().partition("-----END CERTIFICATE-----")
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert((first + end).strip())).hexdigest()
