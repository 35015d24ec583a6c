# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge as the rolling gate sees it, over HTTP against answers that Traefik 3.7.15 gave."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients import connections
from ansible_collections.erpops.estate.plugins.module_utils.members import keepalived, traefik
from ansible_collections.erpops.estate.plugins.module_utils.members.traefik import TraefikMember

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures" / "traefik"
HOSTS = ("172.30.77.11", "172.30.77.12")
PORTS = {"north-web": 8069, "north-gevent": 8072, "south-web": 8169, "south-gevent": 8172}


class Recorded:
    """Serves the recorded answers; ``services`` and ``ping`` can be changed."""

    def __init__(self) -> None:
        self.services = "services"
        self.ping = 200
        self.started = "2020-01-01T00:00:00.123456789Z"
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body = outer.answer(self.path.partition("?")[0])
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def answer(self, path: str) -> tuple[int, bytes]:
        if path == "/ping":
            return self.ping, b"OK"
        if path == "/api/version":
            return 200, json.dumps({"Version": "3.7.15", "startDate": self.started}).encode()
        name = {
            "/api/http/routers": "routers.degraded",
            "/api/http/services": self.services,
            "/api/certificates": "certificates",
        }[path]
        return 200, (FIXTURES / f"{name}.json").read_bytes()


@pytest.fixture
def edges() -> Iterator[tuple[Recorded, Recorded]]:
    pair = (Recorded(), Recorded())
    yield pair
    for edge in pair:
        edge.server.shutdown()


def member(
    own: str, peers: dict[str, str], tmp_path: Path, virtual_ip: str = "", leave_seconds: float = 0
) -> TraefikMember:
    return TraefikMember(
        {
            "name": "node1",
            "url": own,
            "peers": [{"name": name, "url": url} for name, url in peers.items()],
            "services": {name: [f"http://{host}:{port}" for host in HOSTS] for name, port in PORTS.items()},
            "certificate_file": str(tmp_path / "tls.crt"),
            "dynamic_file": str(tmp_path / "estate.yml"),
            "virtual_ip": virtual_ip,
            "leave_seconds": leave_seconds,
        }
    )


def test_another_healthy_edge_lets_this_one_go(edges: tuple[Recorded, Recorded], tmp_path: Path) -> None:
    own, other = edges
    assert member(own.url, {"node2": other.url}, tmp_path).may_leave().ok


def test_without_a_healthy_other_this_one_stays(edges: tuple[Recorded, Recorded], tmp_path: Path) -> None:
    own, other = edges
    edge = member(own.url, {"node2": other.url}, tmp_path)
    other.ping = 503
    assert "it is stopping" in "; ".join(edge.may_leave().reasons)
    other.ping, other.services = 200, "services.degraded"
    assert "service north-web to be up, found none" in "; ".join(edge.may_leave().reasons)
    other.services, other.started = "services", datetime.now(UTC).isoformat()
    assert "has not asked all servers yet" in "; ".join(edge.may_leave().reasons)
    other.server.shutdown()
    other.server.server_close()
    assert "Traefik at" in "; ".join(edge.may_leave().reasons)


def test_the_address_must_have_moved(
    edges: tuple[Recorded, Recorded], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, other = edges
    monkeypatch.setattr(keepalived, "interface_with", {"192.0.2.10": "eth0", "192.0.2.1": ""}.__getitem__)
    edge = member(own.url, {"node2": other.url}, tmp_path, virtual_ip="192.0.2.10")
    assert edge.leads()
    assert "found it here" in "; ".join(edge.may_leave().reasons)
    assert not member(own.url, {"node2": other.url}, tmp_path, virtual_ip="192.0.2.1").leads()


def test_users_are_waited_for_and_their_websockets_are_not(
    edges: tuple[Recorded, Recorded], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, other = edges
    edge = member(own.url, {"node2": other.url}, tmp_path, virtual_ip="192.0.2.10", leave_seconds=5)
    monkeypatch.setattr(traefik, "QUIET_SECONDS", 0.0)
    users = iter([7, 4, 3])
    asked: list[set[tuple[str, int]]] = []

    def websockets(ends: set[tuple[str, int]]) -> int:
        asked.append(ends)
        return 3

    monkeypatch.setattr(connections, "accepted", lambda _ports: next(users))
    monkeypatch.setattr(connections, "opened", websockets)
    assert edge.finish() == ["node1: waited 1 s for the connections of its users to end"]
    assert asked[0] == {(host, port) for host in HOSTS for port in (8072, 8172)}
    assert not list(users)


def test_who_stays_beyond_the_bound_is_counted(
    edges: tuple[Recorded, Recorded], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, other = edges
    monkeypatch.setattr(connections, "accepted", lambda _ports: 2)
    monkeypatch.setattr(connections, "opened", lambda _ends: 1)
    edge = member(own.url, {"node2": other.url}, tmp_path, virtual_ip="192.0.2.10")
    assert edge.finish() == ["node1: waited 0 s for the connections of its users to end; 1 are cut"]
    # Nobody else could take new ones, or they keep coming by another way: waiting would lead to nothing.
    assert member(own.url, {}, tmp_path, virtual_ip="192.0.2.10").finish() == []
    assert member(own.url, {"node2": other.url}, tmp_path).finish() == []


def test_an_edge_declared_alone_may_leave_and_has_nobody_to_hand_over_to(
    edges: tuple[Recorded, Recorded], tmp_path: Path
) -> None:
    edge = member(edges[0].url, {}, tmp_path, virtual_ip="127.0.0.1")
    assert edge.may_leave().ok
    assert edge.step_aside() == []
