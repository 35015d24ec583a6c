"""The modules for the edge: what they tell; an application host leaves and returns without a failed request."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.estate import site
from tests.estate.world import Estate, Host

INFO = "erpops.estate.traefik_info"
SERVICES = {f"{instance}-{kind}" for instance in ("north", "south") for kind in ("web", "gevent")}


@pytest.fixture(scope="module")
def edges(estate: Estate) -> list[Host]:
    return estate.group("edge")


def api(edge: Host, path: str) -> Any:
    """Ask the edge itself, from its own host."""
    script = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1], timeout=5).read().decode())"
    return json.loads(edge.check_output("python3 -c %s %s", script, f"http://{edge.address}:8082{path}"))


def test_every_edge_tells_what_it_has_loaded_and_needs_no_option(edges: list[Host]) -> None:
    found = site.module("edge", INFO)
    for edge in edges:
        told = found[edge.name]
        assert not told["failed"], told
        assert (told["name"], told["takes_requests"], told["health"]["ok"]) == (edge.name, True, True)
        assert told["version"] == api(edge, "/api/version")["Version"]
        assert {service["name"] for service in told["services"]} == SERVICES
        states = {url["status"] for service in told["services"] for url in service["servers"]}
        assert states == {"UP"}
        assert {router["status"] for router in told["routers"]} == {"enabled"}
        served = edge.check_output("openssl x509 -in /etc/erpops/tls/edge/tls.crt -noout -enddate -dateopt iso_8601")
        ends = datetime.fromisoformat(served.partition("=")[2])
        (certificate,) = told["certificates"]
        assert certificate["days_left"] == pytest.approx((ends - datetime.now(UTC)).total_seconds() / 86400, abs=0.2)


def test_another_edge_can_be_named_and_one_that_is_not_there_is_said(edges: list[Host]) -> None:
    asking, other = edges[0], edges[-1]
    told = site.module(asking.name, INFO, {"url": f"http://{other.address}:8082"})[asking.name]
    assert (told["failed"], {service["name"] for service in told["services"]}) == (False, SERVICES)
    refused = site.module(asking.name, INFO, {"url": f"http://{other.address}:8099"})[asking.name]
    assert (refused["failed"], refused["error"]) == (True, "unreachable")
    assert "see whether the daemon runs there" in refused["msg"]
