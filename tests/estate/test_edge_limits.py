"""What the edge takes of a client, and for how long it waits for him."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import secrets as random
import socket
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

import pytest

from tests.estate.wait import until
from tests.estate.web import CSRF, Json2, Route, Session, through
from tests.estate.world import Estate, Host, Instance

MIB = 1024 * 1024
LIMIT = 128 * MIB
# The edge answers this by itself, and refuses it, whatever is sent there.
CLOSED = "/websocket/health"
UPLOAD = "/web/binary/upload_attachment"


@pytest.fixture(scope="module")
def route(estate: Estate, north: Instance) -> Route:
    return Route.virtual(estate, north)


@pytest.mark.parametrize(("length", "status"), [(LIMIT, 403), (LIMIT + 1, 413)])
def test_exactly_what_is_too_large_is_refused_before_it_is_sent(route: Route, length: int, status: int) -> None:
    assert route.request("POST", CLOSED, headers={"Content-Length": str(length)}).status == status


def test_a_large_file_arrives_as_it_was_sent(odoo: Json2, session: Session) -> None:
    content, boundary = random.token_bytes(60 * MIB), uuid.uuid4().hex
    token = CSRF.search(session.get("/web/login").text)
    assert token
    [partner] = odoo.find("res.partner", [], "id", limit=1)
    fields = {"csrf_token": token[1], "model": "res.partner", "id": str(partner["id"])}
    parts = [f'name="{name}"\r\n\r\n{value}' for name, value in fields.items()]
    parts.append('name="ufile"; filename="scan.bin"\r\nContent-Type: application/octet-stream\r\n\r\n')
    head = "\r\n".join(f"--{boundary}\r\nContent-Disposition: form-data; {part}" for part in parts)
    answer = session.send(
        "POST",
        UPLOAD,
        head.encode() + content + f"\r\n--{boundary}--\r\n".encode(),
        {"Content-Type": f"multipart/form-data; boundary={boundary}"},
    )
    assert answer.status == 200, answer.text[:2000]
    [kept] = json.loads(answer.body)
    assert "id" in kept, kept
    try:
        read = session.get(f"/web/content/{kept['id']}?download=1")
        assert read.status == 200, read.text[:2000]
        assert hashlib.sha256(read.body).digest() == hashlib.sha256(content).digest()
    finally:
        odoo.call("ir.attachment", "unlink", ids=[kept["id"]])


def test_a_body_of_a_length_that_nobody_told_is_refused_where_it_gets_too_long(
    odoo: Json2, route: Route, session: Session
) -> None:
    boundary, name = uuid.uuid4().hex, f"endless-{uuid.uuid4().hex}.bin"

    def parts() -> Iterator[bytes]:
        yield f'--{boundary}\r\nContent-Disposition: form-data; name="ufile"; filename="{name}"\r\n\r\n'.encode()
        yield from [bytes(MIB)] * (LIMIT // MIB + 1)
        yield f"\r\n--{boundary}--\r\n".encode()

    headers = {
        "Host": route.name,
        "Content-Type": f"multipart/form-data; boundary={boundary}",
        "Cookie": f"session_id={session.session_id}",
    }
    connection = through(route)
    # Whoever refuses may do so while the rest is on its way.
    with contextlib.closing(connection):
        with contextlib.suppress(OSError):
            connection.request("POST", UPLOAD, parts(), headers, encode_chunked=True)
        assert connection.getresponse().status == 413
    assert odoo.find("ir.attachment", [["name", "=", name]], "id") == []


def test_a_client_that_pauses_is_waited_for(odoo: Json2) -> None:
    """For longer than Odoo would by itself."""
    body = json.dumps({"domain": [], "fields": ["login"], "limit": 1}).encode()
    connection = through(odoo.route)
    with contextlib.closing(connection):
        connection.putrequest("POST", "/json/2/res.users/search_read")
        connection.putheader("Authorization", f"bearer {odoo.api_key}")
        connection.putheader("Content-Type", "application/json")
        connection.putheader("X-Odoo-Database", odoo.database)
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body[:10])
        time.sleep(4)
        connection.send(body[10:])
        answer = connection.getresponse()
        assert (answer.status, len(json.loads(answer.read()))) == (200, 1)


def test_every_edge_has_the_declared_patience(estate: Estate) -> None:
    """By its own account of what it runs with. None of them bounds how long an answer takes."""
    for edge in estate.group("edge"):
        for name in ("http", "https"):
            connection = HTTPConnection(edge.address, 8082, timeout=10)
            connection.request("GET", f"/api/entrypoints/{name}")
            transport = json.loads(connection.getresponse().read())["transport"]
            assert transport["respondingTimeouts"] == {"readTimeout": "15m0s", "idleTimeout": "30s"}, edge.name
            assert transport["keepAliveMaxTime"] == "30s", edge.name


# An edge beside the edge: its image, files and certificate; ports of its own, and a patience that a test can outlast.
BESIDE, PORT, PATIENCE = "edge-beside", 9443, 2
START = r"""
set -eu
file=$(mktemp)
sed -e 's/":80"/":9080"/' -e 's/":443"/":9443"/' -e 's/:8082"/:9082"/' -e 's/readTimeout: .*/readTimeout: '"$2"s/ \
    /etc/erpops/traefik/traefik.yml >"$file"
chmod 0644 "$file"
# What a test that was killed has left has the name and the ports.
docker ps --all --quiet --filter "name=^$1\$" | xargs --no-run-if-empty docker rm --force >&2
docker run --rm --detach --name "$1" --network host --user 904:904 --volume "$file":/etc/traefik/traefik.yml:ro \
    --volume /etc/erpops/traefik/dynamic:/etc/traefik/dynamic:ro --volume /etc/erpops/tls/edge:/etc/traefik-tls:ro \
    "$(docker inspect --format '{{.Config.Image}}' traefik)" traefik --configFile=/etc/traefik/traefik.yml
"""


@pytest.fixture
def beside(estate: Estate, north: Instance) -> Iterator[Route]:
    host: Host = estate.group("edge")[-1]
    route = Route(north.host_name, host.address, estate.tls(), PORT)

    def serves() -> bool:
        with contextlib.suppress(OSError):
            return route.request("GET", "/web/login").status == 200
        return False

    host.check_output("sh -c %s sh %s %s", START, BESIDE, str(PATIENCE))
    try:
        until(serves, 15, "the edge beside the edge to serve")
        yield route
    finally:
        host.check_output("docker rm --force %s", BESIDE)


def cut_off(route: Route, beginning: bytes) -> tuple[float, bytes]:
    """Go on with one byte after the other; return the seconds until the edge had enough, and what it said."""
    assert route.context
    begun, said = time.monotonic(), b""
    with (
        socket.create_connection((route.address, route.port), 10) as plain,
        route.context.wrap_socket(plain, server_hostname=route.name) as connection,
        contextlib.suppress(OSError),
    ):
        connection.settimeout(0.25)
        connection.sendall(beginning)
        while time.monotonic() - begun < 5 * PATIENCE:
            try:
                part = connection.recv(4096)
            except TimeoutError:
                connection.sendall(b"x")
                continue
            if not part:
                break
            said += part
    return time.monotonic() - begun, said


def test_a_client_that_is_slower_than_the_edge_is_patient_is_cut_off(beside: Route) -> None:
    head = f"POST /web/login HTTP/1.1\r\nHost: {beside.name}\r\nContent-Length: 1000\r\nX-Slow: ".encode()
    with ThreadPoolExecutor() as pool:
        slow = {
            "in its headers": pool.submit(cut_off, beside, head),
            "in its body": pool.submit(cut_off, beside, head + b"no\r\n\r\n"),
        }
    for where, ended in slow.items():
        seconds, said = ended.result()
        assert PATIENCE - 0.5 < seconds < PATIENCE + 2, (where, seconds, said)
        assert not said or re.match(rb"HTTP/1\.1 [45]", said), (where, said)
