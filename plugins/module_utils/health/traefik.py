# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the answers of Traefik's API mean."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict
from ansible_collections.erpops.estate.plugins.module_utils.policy.drained import address_of

Entry = Mapping[str, Any]

# Until a server was asked for the first time Traefik calls it up.
SETTLE_SECONDS = 4.0


@dataclass(frozen=True)
class Edge:
    """One edge as it answered; ``trouble`` is the client's sentence when it did not."""

    name: str
    takes_requests: bool = False
    version: str = ""
    age: float = 0.0
    routers: Sequence[Entry] = ()
    services: Sequence[Entry] = ()
    certificates: Sequence[Entry] = ()
    trouble: str = ""


@dataclass(frozen=True)
class Wanted:
    """What an edge should have loaded: the servers of each service, and its certificate ("" when unknown).

    ``all_in_service`` is False where some of the servers may be drained.
    """

    services: Mapping[str, Collection[str]] = field(default_factory=dict)
    certificate: str = ""
    all_in_service: bool = True


def edge_health(edge: Edge, wanted: Wanted) -> Verdict:
    """Return whether the edge routes everything it should to servers that are up."""
    facts = {"role": "edge", "version": edge.version}
    if edge.trouble:
        return Verdict(False, (edge.trouble,), facts)
    objections = [] if edge.takes_requests else [f"{edge.name}: expected ping to answer 200; it is stopping"]
    if edge.age < SETTLE_SECONDS:
        objections.append(f"{edge.name}: started {edge.age:.0f} s ago and has not asked all servers yet")
    objections += _entries(edge, "router", edge.routers)
    objections += _entries(edge, "service", edge.services)
    objections += _servers(edge, wanted)
    in_use = {str(entry.get("certFingerprint", "")) for entry in edge.certificates}
    if wanted.certificate and wanted.certificate not in in_use:
        objections.append(f"{edge.name}: expected the certificate that lies on the host to be in use, found another")
    return Verdict.of(objections, **facts)


def _entries(edge: Edge, kind: str, entries: Sequence[Entry]) -> Iterator[str]:
    for entry in entries:
        # A warning comes from servers that are down; the servers themselves are judged below.
        if entry.get("status") not in ("enabled", "warning"):
            found = "; ".join(entry.get("error") or ()) or entry.get("status") or "nothing"
            yield f"{edge.name}: expected {kind} {entry.get('name')} to be enabled, found {found}"


def _servers(edge: Edge, wanted: Wanted) -> Iterator[str]:
    loaded = {str(entry.get("name", "")).partition("@")[0]: entry for entry in edge.services}
    for name, servers in sorted(wanted.services.items()):
        entry = loaded.get(name)
        if entry is None:
            yield f"{edge.name}: expected service {name} to be loaded, found none"
            continue
        listed = listed_servers(entry)
        if listed - set(servers) or (wanted.all_in_service and listed != set(servers)):
            expected, found = ", ".join(sorted(servers)), ", ".join(sorted(listed)) or "none"
            yield f"{edge.name}: expected servers {expected} in service {name}, found {found}"
        status = entry.get("serverStatus") or {}
        if not any(status.get(url) == "UP" for url in listed):
            yield f"{edge.name}: expected at least one server of service {name} to be up, found none"


def listed_servers(entry: Entry) -> set[str]:
    """Return the URLs that an entry of the services sends requests to, whether they are up or not."""
    return {str(server.get("url")) for server in (entry.get("loadBalancer") or {}).get("servers") or ()}


def serves(edge: Edge, address: str, *, wanted: Collection[str], up: bool = True) -> Verdict:
    """Return whether the edge sends requests to exactly these URLs of a host, and each of them is ``up``."""
    if edge.trouble:
        return Verdict(False, (edge.trouble,))
    states = {
        url: (entry.get("serverStatus") or {}).get(url)
        for entry in edge.services
        for url in listed_servers(entry)
        if address_of(url) == address
    }
    surplus, missing = sorted(set(states) - set(wanted)), sorted(set(wanted) - set(states))
    down = sorted(url for url in wanted if up and url in states and states[url] != "UP")
    return Verdict.of(
        [f"{edge.name}: expected {url} out of service, found it in service" for url in surplus]
        + [f"{edge.name}: expected {url} in service, found it out of service" for url in missing]
        + [f"{edge.name}: expected {url} to be up, found {states[url] or 'no answer yet'}" for url in down]
    )


def last_of(edge: Edge, urls: Collection[str]) -> list[str]:
    """Return the services that would have no server that is up without these URLs."""
    return [
        str(entry.get("name", "")).partition("@")[0]
        for entry in edge.services
        if listed_servers(entry) & set(urls) and not _up(entry) - set(urls)
    ]


def _up(entry: Entry) -> set[str]:
    status = entry.get("serverStatus") or {}
    return {url for url in listed_servers(entry) if status.get(url) == "UP"}


def may_leave(name: str, others: Sequence[Verdict], *, has_address: bool) -> Verdict:
    """Return whether users are served without this edge: another one is healthy and has the address."""
    if not others:
        return Verdict(True, (f"{name} is the only edge that was declared: nobody can stand in for it",))
    if not any(other.ok for other in others):
        reasons = [reason for other in others for reason in other.reasons]
        return Verdict(False, (f"{name}: expected another edge to be healthy, found none", *reasons))
    if has_address:
        return Verdict(False, (f"{name}: expected another edge to have taken the virtual address, found it here",))
    return Verdict(True)
