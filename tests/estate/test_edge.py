"""What the edge lets through, what it adds and what it keeps to itself."""

from __future__ import annotations

import json
import socket
import time
from collections import Counter
from http.client import HTTPConnection
from urllib.parse import urlencode

import pytest

from tests.estate.web import Route
from tests.estate.world import Estate, Instance


@pytest.fixture(scope="module")
def route(estate: Estate, north: Instance) -> Route:
    return Route.virtual(estate, north)


def test_http_leads_to_https(estate: Estate, north: Instance) -> None:
    connection = HTTPConnection(estate.virtual_ip, 80, timeout=10)
    connection.request("GET", "/web/login", headers={"Host": north.host_name})
    response = connection.getresponse()
    assert response.status in (301, 308)
    assert response.headers["Location"] == f"{north.url}/web/login"


def test_the_usual_headers_are_there(route: Route) -> None:
    headers = route.request("GET", "/web/login").headers
    assert headers["Strict-Transport-Security"] == "max-age=31536000"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "SAMEORIGIN"
    assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert headers["Server"] is None


@pytest.mark.parametrize(
    "path",
    [
        "/web/database/manager",
        "/web/%64atabase/manager",
        "//web//database/selector",
        "/web/x/../database/selector",
        "/websocket/health",
        "/jsonrpc",
        "/xmlrpc/2/common",
    ],
)
def test_closed_paths_are_closed(route: Route, path: str) -> None:
    assert route.request("GET", path).status == 403


def test_an_encoded_slash_opens_nothing(route: Route) -> None:
    assert route.request("GET", "/web%2Fdatabase%2Fmanager").status == 400


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(route: Route) -> None:
    assert route.request("POST", "/web/login", headers={"Content-Length": str(128 * 1024 * 1024 + 1)}).status == 413


def test_a_host_nobody_has_is_not_found(north: Instance, route: Route) -> None:
    assert route.request("GET", "/web/login", headers={"Host": f"other.{north.host_name}"}).status == 404


def test_management_is_on_its_own_port_and_read_only(estate: Estate, route: Route) -> None:
    for path in ("/ping", "/metrics", "/api/overview", "/dashboard/"):
        assert route.request("GET", path).status in (303, 404), path
    for host in estate.group("edge"):
        for path, method, status in (("/ping", "GET", 200), ("/metrics", "GET", 200), ("/dashboard/", "GET", 404),
                                     ("/api/http/routers", "GET", 200), ("/api/http/routers", "PUT", 404)):  # fmt: skip
            connection = HTTPConnection(host.address, 8082, timeout=10)
            connection.request(method, path)
            assert connection.getresponse().status == status, (host.name, method, path)
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((estate.virtual_ip, 8082), timeout=5)


def test_a_shift_logs_in_from_one_address_and_a_guesser_is_slowed_down(estate: Estate, south: Instance) -> None:
    route = Route.virtual(estate, south)
    body = urlencode({"login": "nobody", "password": "wrong"}).encode()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    shift = Counter(route.request("POST", "/web/login", body, form).status for _person in range(60))
    assert 429 not in shift
    start = time.monotonic()
    seen: Counter[int] = Counter()
    while 429 not in seen and time.monotonic() - start < 60:
        seen[route.request("POST", "/web/login", body, form).status] += 1
    assert 429 in seen
    assert route.request("GET", "/web/login").status == 200


def test_secrets_stay_out_of_the_access_log(estate: Estate, route: Route) -> None:
    canary = "canary-3f1c77"
    headers = {"Authorization": f"bearer {canary}", "Cookie": f"session_id={canary}", "X-Canary-Free": "yes"}
    route.request("GET", f"/web/health?token={canary}", headers=headers)
    time.sleep(0.5)
    logs = [host.check_output("docker logs --since 20s traefik 2>&1") for host in estate.group("edge")]
    lines = [json.loads(line) for log in logs for line in log.splitlines() if '"RequestPath":"/web/health"' in line]
    assert lines, "expected the request in the access log of one edge"
    assert canary not in "".join(logs)


def test_what_a_client_claims_about_itself_is_not_believed(route: Route) -> None:
    claims = {"X-Forwarded-For": "203.0.113.9", "X_Forwarded_For": "203.0.113.9", "X-Real-Ip": "203.0.113.9"}
    answer = route.request("GET", "/web/login", headers={**claims, "X-Forwarded-Host": "evil.example"})
    assert answer.status == 200
    assert "evil.example" not in answer.text
