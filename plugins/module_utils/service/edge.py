# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge of this host and the others beside it: what they serve, and which application hosts are drained.

An application host is drained in the dynamic file of every edge. Each edge writes its own, and asks the others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients import connections
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import (
    Refused,
    TimedOut,
    Unreachable,
)
from ansible_collections.erpops.estate.plugins.module_utils.clients.traefik import TraefikClient
from ansible_collections.erpops.estate.plugins.module_utils.health import traefik as judge
from ansible_collections.erpops.estate.plugins.module_utils.health.traefik_overview import overview
from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict
from ansible_collections.erpops.estate.plugins.module_utils.members.traefik import (
    WEBSOCKETS,
    TraefikMember,
    dynamic_file,
    look,
    read,
)
from ansible_collections.erpops.estate.plugins.module_utils.policy import drained
from ansible_collections.erpops.estate.plugins.module_utils.policy.definition import ManagedFile
from ansible_collections.erpops.estate.plugins.module_utils.service import files
from ansible_collections.erpops.estate.plugins.module_utils.waiting import wait_for

# Of a request that has just been routed there may be no connection yet.
QUIET_SECONDS = 1.0


def survey(url: str) -> dict[str, Any]:
    """Return what the edge at that management address has loaded; of one that is not ours nothing more is known."""
    edge = look(f"Traefik at {url}", TraefikClient(url))
    if edge.trouble:
        raise Unreachable(edge.trouble)
    verdict = judge.edge_health(edge, judge.Wanted())
    return _told(edge, url, verdict, frozenset())


def _told(edge: judge.Edge, url: str, verdict: Verdict, out: frozenset[str]) -> dict[str, Any]:
    told = overview(edge, now=datetime.now(UTC), drained=out)
    return {"name": edge.name, "url": url, "up_seconds": int(edge.age), "health": verdict.as_dict(), **told}


class EdgeOfHost:
    """The edge of this host; parameters as for :class:`TraefikMember`."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.name = str(params["name"])
        self.path = dynamic_file(params)
        self._params = params
        self._clients = {self.name: TraefikClient(params["url"])}
        self._clients |= {str(peer["name"]): TraefikClient(peer["url"]) for peer in params["peers"]}

    def survey(self) -> dict[str, Any]:
        """Return what this edge has loaded, and whether that is what it should."""
        edge = self._look(self.name)
        if edge.trouble:
            raise Unreachable(edge.trouble)
        out = drained.drained(self.text())
        return _told(edge, str(self._params["url"]), TraefikMember(self._params).health(), out)

    def text(self) -> str:
        """Return the dynamic file as it is."""
        return read(self.path)

    def address(self, server: str) -> str:
        """Return the address of an application host, which may be given by its name."""
        return str((self._params.get("application_hosts") or {}).get(server, server))

    def urls(self, address: str) -> set[str]:
        """Return every URL that should be served by that host; raise where it serves none."""
        declared = {url for urls in self._params["services"].values() for url in urls}
        found = {url for url in declared if drained.address_of(url) == address}
        if not found:
            named = self._params.get("application_hosts") or {}
            known = ", ".join(sorted({*named, *(drained.address_of(url) for url in declared)}))
            raise Refused(f"server {address}", expected=f"one of {known}", found="no server of that name or address")
        return found

    def is_drained(self, address: str) -> bool:
        """Return whether the file sends nothing to that host."""
        return self.urls(address) <= drained.drained(self.text())

    def refuse_the_last(self, address: str) -> None:
        """Raise where users of a service would be left with no server that is up."""
        edge = self._look(self.name)
        left = judge.last_of(edge, self.urls(address))
        if edge.trouble or left:
            raise Refused(
                f"draining {address}",
                expected=f"another server that is up in {', '.join(left)}" if left else "an edge that answers",
                found=edge.trouble or "none",
                remedy="nothing was changed; see to the other application hosts first",
            )

    def write(self, text: str) -> None:
        """Replace the file atomically; Traefik watches it."""
        found = files.look(self.path)
        file = ManagedFile(
            self.path,
            text.encode(),
            found.owner,
            found.group,
            found.mode,
            "none",
            once=False,
            validate=(),
            secret=False,
        )
        with files.candidate(file) as path:
            files.move_into_place(path, file)

    def wait_until_served(self, address: str, *, in_service: bool, seconds: float, peers: bool = True) -> list[str]:
        """Wait until every edge that answers sends requests to that host, or none; return what the others said."""
        names = list(self._clients) if peers else [self.name]
        wanted = self.urls(address) if in_service else set[str]()
        silent: list[str] = []

        def served() -> Verdict:
            edges = [self._look(name) for name in names]
            silent[:] = [edge.trouble for edge in edges[1:] if edge.trouble]
            verdicts = [
                judge.serves(edge, address, wanted=wanted)
                for edge in edges
                if not edge.trouble or edge.name == self.name
            ]
            return Verdict.of(reason for verdict in verdicts for reason in verdict.reasons)

        self._wait(served, seconds, f"server {address} at {', '.join(names)}", "every edge to serve the new state")
        return silent

    def wait_until_loaded(self, address: str, *, seconds: float) -> None:
        """Wait until this edge has read that the host is in service, whether it is up or not."""
        wanted = self.urls(address)
        self._wait(
            lambda: judge.serves(self._look(self.name), address, wanted=wanted, up=False),
            seconds,
            f"server {address} at {self.name}",
            "the edge to have read its file",
        )

    def wait_until_quiet(self, address: str, *, seconds: float) -> None:
        """Wait until no request that this edge has sent to that host is unanswered.

        Odoo closes the connection after each answer, so each open one is a request.
        """
        since: list[float] = []

        def quiet() -> Verdict:
            open_now = self._open(address, websockets=False)
            if open_now:
                since.clear()
                return Verdict(False, (f"{self.name}: expected no request in flight to {address}, found {open_now}",))
            since.append(time.monotonic())
            return Verdict(since[-1] - since[0] >= QUIET_SECONDS, ("the last request has only just ended",))

        self._wait(quiet, seconds, f"server {address} at {self.name}", "requests in flight to end")

    def websockets(self, address: str) -> int:
        """Return how many websockets this edge holds open to that host; they end when it stops and dial again."""
        return self._open(address, websockets=True)

    def _open(self, address: str, *, websockets: bool) -> int:
        return connections.opened(
            {
                (address, drained.port_of(url))
                for name, urls in self._params["services"].items()
                for url in urls
                if name.endswith(WEBSOCKETS) is websockets and drained.address_of(url) == address
            }
        )

    def _look(self, name: str) -> judge.Edge:
        return replace(look(name, self._clients[name]), name=name)

    @staticmethod
    def _wait(check: Callable[[], Verdict], seconds: float, what: str, expected: str) -> None:
        verdict = wait_for(check, seconds)
        if not verdict.ok:
            raise TimedOut(
                what,
                expected=f"{expected} within {seconds:.0f} s",
                found="; ".join(verdict.reasons),
                remedy="run this on all edges in one task; the state asked for stays, run again or undo it",
            )
