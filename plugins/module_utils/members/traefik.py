# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One edge, for the service module and the rolling gate."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Mapping
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.clients.traefik import TraefikClient
from ansible_collections.erpops.estate.plugins.module_utils.health import traefik as health
from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict
from ansible_collections.erpops.estate.plugins.module_utils.members.keepalived import Lever
from ansible_collections.erpops.estate.plugins.module_utils.policy import drained as policy

DYNAMIC_FILE = "/etc/erpops/traefik/dynamic/estate.yml"


class TraefikMember:
    """The edge of this host.

    Parameters: ``name`` and ``url`` (management address), ``peers`` (a list of the same two), ``services``
    (servers by service), ``dynamic_file`` (where they are written), ``application_hosts`` (address by name),
    ``certificate_file``, ``virtual_ip`` ("" when the estate has none). It leads while it has the virtual address.
    """

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.name = str(params["name"])
        self._client = TraefikClient(params["url"])
        self._peers = {str(peer["name"]): TraefikClient(peer["url"]) for peer in params["peers"]}
        self._services: Mapping[str, list[str]] = params["services"]
        self._dynamic_file = dynamic_file(params)
        self._certificate_file = str(params["certificate_file"])
        self._lever = Lever(str(params["virtual_ip"]))

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
