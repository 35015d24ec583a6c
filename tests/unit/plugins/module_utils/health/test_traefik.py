# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Traefik's answers mean; recorded from Traefik 3.7.15 with two instances on two hosts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.health.traefik import (
    Edge,
    Wanted,
    edge_health,
    last_of,
    may_leave,
    serves,
)
from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures" / "traefik"
HOSTS = ("172.30.77.11", "172.30.77.12")
PORTS = {"north-web": 8069, "north-gevent": 8072, "south-web": 8169, "south-gevent": 8172}
SERVICES = {name: [f"http://{host}:{port}" for host in HOSTS] for name, port in PORTS.items()}


def recorded(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text())


def edge(down: dict[str, list[str]] | None = None) -> Edge:
    """The recorded edge with all servers up but those in ``down``."""
    services = recorded("services.degraded")
    for service in services:
        for url in service.get("serverStatus", {}):
            name = service["name"].partition("@")[0]
            service["serverStatus"][url] = "DOWN" if url in (down or {}).get(name, []) else "UP"
    return Edge("node1", True, "3.7.15", 60.0, recorded("routers.degraded"), services, recorded("certificates"))


def test_an_edge_with_every_server_up_is_healthy() -> None:
    certificate = recorded("certificates")[0]["certFingerprint"]
    verdict = edge_health(edge(), Wanted(SERVICES, certificate))
    assert verdict == Verdict(True, (), {"role": "edge", "version": "3.7.15"})


def test_one_server_of_a_service_may_be_down() -> None:
    assert edge_health(edge({"north-web": [SERVICES["north-web"][0]]}), Wanted(SERVICES)).ok


@pytest.mark.parametrize(
    ("seen", "wanted", "complaint"),
    [
        pytest.param(
            edge(SERVICES), Wanted(SERVICES), "at least one server of service north-web to be up", id="all down"
        ),
        pytest.param(
            edge({"south-gevent": SERVICES["south-gevent"]}),
            Wanted(SERVICES),
            "at least one server of service south-gevent to be up, found none",
            id="one service without a server",
        ),
        pytest.param(replace(edge(), takes_requests=False), Wanted(SERVICES), "it is stopping", id="stopping"),
        pytest.param(replace(edge(), age=1.0), Wanted(SERVICES), "started 1 s ago", id="just started"),
        pytest.param(edge(), Wanted(SERVICES, "0" * 64), "found another", id="old certificate"),
        pytest.param(edge(), Wanted({"west-web": []}), "service west-web to be loaded, found none", id="not loaded"),
        pytest.param(
            edge(),
            Wanted({"north-web": ["http://172.30.77.11:8069"]}),
            "expected servers http://172.30.77.11:8069 in service north-web, found",
            id="old servers",
        ),
        pytest.param(
            replace(edge(), routers=[{"name": "north-web@file", "status": "disabled", "error": ["no such service"]}]),
            Wanted(SERVICES),
            "router north-web@file to be enabled, found no such service",
            id="router refused",
        ),
        pytest.param(Edge("node1", trouble="Traefik at u; found refused"), Wanted(), "found refused", id="silent"),
    ],
)
def test_what_is_wrong_is_named(seen: Edge, wanted: Wanted, complaint: str) -> None:
    verdict = edge_health(seen, wanted)
    assert not verdict.ok
    assert complaint in "; ".join(verdict.reasons)


WELL, ILL = Verdict(True), Verdict(False, ("node2: expected ping to answer 200; it is stopping",))


@pytest.mark.parametrize(
    ("others", "has_address", "ok", "reason"),
    [
        pytest.param([WELL], False, True, "", id="the other serves"),
        pytest.param([ILL, WELL], False, True, "", id="one of two others serves"),
        pytest.param([WELL], True, False, "found it here", id="the address did not move"),
        pytest.param([ILL], False, False, "node2: expected ping", id="the other is ill"),
        pytest.param([], True, True, "only edge", id="declared alone"),
    ],
)
def test_may_leave(others: list[Verdict], has_address: bool, ok: bool, reason: str) -> None:
    verdict = may_leave("node1", others, has_address=has_address)
    assert verdict.ok is ok
    assert reason in "; ".join(verdict.reasons)


def without(seen: Edge, address: str) -> Edge:
    """The edge after the servers of that host were taken out of its file."""
    services = json.loads(json.dumps(seen.services))
    for service in services:
        balancer = service.get("loadBalancer")
        if balancer:
            balancer["servers"] = [entry for entry in balancer["servers"] if address not in entry["url"]]
            service["serverStatus"] = {url: up for url, up in service["serverStatus"].items() if address not in url}
    return replace(seen, services=services)


OF_B = [urls[1] for urls in SERVICES.values()]


@pytest.mark.parametrize(
    ("seen", "wanted", "complaints"),
    [
        pytest.param(edge(), OF_B, [], id="in service"),
        pytest.param(without(edge(), HOSTS[1]), [], [], id="drained"),
        pytest.param(
            edge(),
            [],
            [f"expected {url} out of service, found it in service" for url in sorted(OF_B)],
            id="not yet out",
        ),
        pytest.param(
            without(edge(), HOSTS[1]),
            OF_B,
            [f"expected {url} in service, found it out of service" for url in sorted(OF_B)],
            id="not yet back",
        ),
        pytest.param(
            edge({"north-web": [SERVICES["north-web"][1]]}),
            OF_B,
            [f"expected {SERVICES['north-web'][1]} to be up, found DOWN"],
            id="back, and not up yet",
        ),
        pytest.param(Edge("node1", trouble="Traefik at x; found no answer"), [], ["no answer"], id="no answer"),
    ],
)
def test_what_an_edge_serves_of_one_host(seen: Edge, wanted: list[str], complaints: list[str]) -> None:
    verdict = serves(seen, HOSTS[1], wanted=wanted)
    assert verdict.ok is not bool(complaints)
    for complaint, reason in zip(complaints, verdict.reasons, strict=True):
        assert complaint in reason


@pytest.mark.parametrize(
    ("seen", "left"),
    [
        pytest.param(edge(), [], id="another one is up everywhere"),
        pytest.param(edge({"south-web": [SERVICES["south-web"][0]]}), ["south-web"], id="the other one is down"),
        pytest.param(without(edge(), HOSTS[0]), sorted(SERVICES), id="the other one is drained"),
        pytest.param(without(edge(), HOSTS[1]), [], id="it is out already"),
    ],
)
def test_whose_users_would_be_left_without_a_server(seen: Edge, left: list[str]) -> None:
    assert last_of(seen, OF_B) == left


def test_what_is_drained_is_not_missed_where_it_may_be() -> None:
    seen = without(edge(), HOSTS[1])
    assert "expected servers" in edge_health(seen, Wanted(SERVICES)).reasons[0]
    assert edge_health(seen, Wanted(SERVICES, all_in_service=False)).ok
    strange = Wanted({name: urls[:1] for name, urls in SERVICES.items()}, all_in_service=False)
    assert not edge_health(edge(), strange).ok
