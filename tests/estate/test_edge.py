"""What the edge lets through, what it adds and what it keeps to itself."""

from __future__ import annotations

import json
import socket
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from urllib.parse import urlencode

import pytest

from tests.estate import access
from tests.estate.traces import leader, psql
from tests.estate.wait import until
from tests.estate.web import Route, Session, websocket_status
from tests.estate.world import Estate, Host, Instance
from tests.lab import secrets


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


@pytest.mark.parametrize(
    ("path", "body", "kind"),
    [
        ("/web/database/list", b'{"params": {}}', "application/json"),
        ("/jsonrpc", b'{"params": {"service": "db", "method": "list", "args": []}}', "application/json"),
        ("/jsonrpc", b'{"params": {"service": "db", "method": "drop", "args": ["x", "y"]}}', "application/json"),
        ("/xmlrpc/2/db", b"<?xml version='1.0'?><methodCall><methodName>list</methodName></methodCall>", "text/xml"),
    ],
)
def test_databases_are_listed_and_managed_by_nobody_even_behind_the_edge(
    estate: Estate, north: Instance, path: str, body: bytes, kind: str
) -> None:
    for host in estate.group("odoo"):
        answer = access.node_route(host, north).request("POST", path, body, {"Content-Type": kind})
        assert answer.status == 200, answer.text
        assert "Access Denied" in answer.text, answer.text
        assert north.database not in answer.text.lower().replace("access denied", ""), answer.text


def test_the_master_password_itself_makes_no_database(estate: Estate, north: Instance) -> None:
    known = secrets.read()["estate_instance_secrets"][north.name]["master_password"]
    form = {"master_pwd": known, "name": "intruder", "login": "x", "password": "x", "lang": "en_US", "phone": ""}
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    for host in estate.group("odoo"):
        route = access.node_route(host, north)
        assert "Access Denied" in route.request("POST", "/web/database/create", urlencode(form).encode(), kind).text
        assert "disabled by the administrator" in route.request("GET", "/web/database/manager").text
    assert psql(leader(estate), "postgres", "select count(*) from pg_database where datname = 'intruder'") == "0"


def test_an_encoded_slash_opens_nothing(route: Route) -> None:
    assert route.request("GET", "/web%2Fdatabase%2Fmanager").status == 400


def test_a_host_nobody_has_is_not_found(north: Instance, route: Route) -> None:
    assert route.request("GET", "/web/login", headers={"Host": f"other.{north.host_name}"}).status == 404


def test_management_is_on_its_own_port_and_read_only(estate: Estate, route: Route) -> None:
    for path in ("/ping", "/metrics", "/api/overview", "/dashboard/"):
        assert route.request("GET", path).status in (303, 404), path
    for host in estate.group("edge"):
        for path, method, status in (
            ("/ping", "GET", 200),
            ("/metrics", "GET", 200),
            ("/dashboard/", "GET", 404),
            ("/api/http/routers", "GET", 200),
            ("/api/http/routers", "PUT", 404),
        ):
            connection = HTTPConnection(host.address, 8082, timeout=10)
            connection.request(method, path)
            assert connection.getresponse().status == status, (host.name, method, path)
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((estate.virtual_ip, 8082), timeout=5)


def test_an_edge_sends_nothing_twice(estate: Estate) -> None:
    """Traefik's own retries take no heed of the method: an order would be entered twice."""
    for host in estate.group("edge"):
        connection = HTTPConnection(host.address, 8082, timeout=10)
        connection.request("GET", "/api/http/middlewares?per_page=1000")
        kinds = {middleware["type"].lower() for middleware in json.loads(connection.getresponse().read())}
        assert "headers" in kinds, host.name
        assert "retry" not in kinds, host.name


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


# Prints the head of the first request with this mark on its way to Odoo, as it is on the wire.
LISTEN = """
import signal, socket, sys
signal.alarm(30)
mark, everything = sys.argv[1].encode(), 0x0003
wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(everything))
while True:
    packet = wire.recv(65535)
    if mark in packet and b"GET /" in packet:
        print(packet[packet.index(b"GET /"):].split(b"\\r\\n\\r\\n")[0].decode())
        break
"""


def test_what_a_client_claims_about_itself_does_not_reach_odoo(estate: Estate, north: Instance, route: Route) -> None:
    mark, liar = f"claims-{uuid.uuid4().hex}", "203.0.113.9"
    claims = {
        "X-Forwarded-For": liar,
        "X_Forwarded_For": liar,
        "X-Real-Ip": liar,
        "X-Forwarded-Host": "evil.example",
        "X_Forwarded_Host": "evil.example",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Port": "81",
        "X-Forwarded-Prefix": "/evil",
        "Forwarded": f"for={liar};host=evil.example;proto=http",
    }
    edge = estate.edge_with_address()
    with ThreadPoolExecutor() as pool:
        heard = pool.submit(edge.check_output, "python3 -c %s %s", LISTEN, mark)
        # The listener says nothing before it ends; until it has heard something, ask again.
        while not heard.done():
            assert route.request("GET", f"/web/login?{mark}", headers=claims).status == 200
            time.sleep(0.2)
    head = heard.result()
    assert mark in head
    assert not [claim for claim in (liar, "evil", "X_", ": http\r", ": 81\r") if claim in head], head
    told = {name.lower(): value for name, _colon, value in (line.partition(": ") for line in head.split("\r\n"))}
    assert (told["x-forwarded-host"], told["x-forwarded-proto"]) == (north.host_name, "https")
    # Odoo notes whom it takes the client for. Straight at its port nobody takes the claim away, and it is believed.
    straight = access.node_route(edge, north)
    straight.request("GET", f"/web/login?straight-{mark}", headers=claims)
    logged = "".join(
        host.run("docker logs --since 60s %s 2>&1 | grep %s", access.web_container(north), mark).stdout
        for host in estate.group("odoo")
    )
    clients = {told["x-forwarded-for"]: f"login?{mark}", liar: f"login?straight-{mark}"}
    for line in logged.splitlines():
        assert any(f": {client} - - " in line and request in line for client, request in clients.items()), line
    assert all(request in logged for request in clients.values())


def test_the_cookie_of_a_session_is_for_tls_and_not_for_scripts(estate: Estate, north: Instance, route: Route) -> None:
    set_cookie = route.request("GET", "/web/login").headers["Set-Cookie"]
    assert set_cookie.startswith("session_id=")
    assert {"Secure", "HttpOnly"} <= {attribute.strip() for attribute in set_cookie.split(";")}
    # The application port itself speaks no TLS: there the mark would keep the cookie from its own server.
    straight = access.node_route(estate.group("odoo")[0], north)
    assert "Secure" not in straight.request("GET", "/web/login").headers["Set-Cookie"]


# By what listens there: the process of its own that serves websockets, beside the workers of the same container.
SERVES_WEBSOCKETS = """
first=$(docker inspect --format '{{.State.Pid}}' "$1")
nsenter --target "$first" --net ss -Hltnp 'sport = :8072' | grep -o 'pid=[0-9]*' | sort -u | cut -d= -f2
"""


@pytest.fixture
def hung(estate: Estate, north: Instance) -> Iterator[Host]:
    """An application node on which north answers pages, while its process for websockets hangs."""
    host = estate.group("odoo")[-1]
    [process] = host.check_output("sh -c %s sh %s", SERVES_WEBSOCKETS, access.web_container(north)).split()
    host.check_output("kill -STOP %s", process)
    yield host
    host.check_output("kill -CONT %s", process)
    until(lambda: servers(estate, north, host) == {"UP"}, 30, f"every edge to send {host} requests again")


def servers(estate: Estate, instance: Instance, host: Host) -> set[str]:
    """Return what the edges think of a node as a server of an instance's websockets and of its pages."""
    found = set()
    for edge in estate.group("edge"):
        for kind in ("gevent", "web"):
            connection = HTTPConnection(edge.address, 8082, timeout=10)
            connection.request("GET", f"/api/http/services/{instance.name}-{kind}@file")
            states = json.loads(connection.getresponse().read())["serverStatus"]
            found |= {state for url, state in states.items() if url.startswith(f"http://{host.address}:")}
    return found


def test_websockets_go_where_their_process_answers(
    estate: Estate, north: Instance, south: Instance, session: Session, hung: Host
) -> None:
    """The workers of that node are well, so it is the edge's own look at port 8072 that has to find out.

    It asks there for the pages' health too (workers that are merely busy take no node out): both go elsewhere.
    """
    straight = access.node_route(hung, north)
    assert straight.request("GET", "/web/health").status == 200
    assert servers(estate, south, hung) == {"UP"}
    route = Route.virtual(estate, north, timeout=3)

    def taken() -> bool:
        """Return whether as many in a row are answered as would have met every node twice."""
        try:
            return all(websocket_status(route, session) == 101 for _node in estate.group("odoo") * 2)
        except OSError:
            return False

    until(taken, 15, "websockets to go to the other node")
    until(lambda: servers(estate, north, hung) == {"DOWN"}, 10, "every edge to send that node nothing")
    assert {route.request("GET", "/web/login").status for _page in range(4)} == {200}
