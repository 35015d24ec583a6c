"""The modules for the edge: what they tell; an application host leaves and returns without a failed request."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.estate import site
from tests.estate.daemons import Etcd
from tests.estate.wait import until
from tests.estate.world import Estate, Host, Instance
from tests.load.load import Load

INFO, SERVER = "erpops.estate.traefik_info", "erpops.estate.traefik_server"
FILE = "/etc/erpops/traefik/dynamic/estate.yml"
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


class Slow:
    """A request whose body trickles in, so that it is in flight until somebody ends it.

    Odoo gives up on a body of which nothing comes for two seconds.
    """

    REST = b'"jsonrpc": "2.0", "method": "call", "params": {}}'
    LENGTH = 1000

    def __init__(self, estate: Estate, instance: Instance, edge: Host) -> None:
        name = str(urlsplit(instance.url).hostname)
        plain = socket.create_connection((edge.address, 443), timeout=60)
        self._socket = estate.tls().wrap_socket(plain, server_hostname=name)
        head = f"POST /web/webclient/version_info HTTP/1.1\r\nHost: {name}\r\nContent-Type: application/json\r\n"
        self._socket.sendall(f"{head}Content-Length: {self.LENGTH}\r\nConnection: close\r\n\r\n".encode() + b"{")
        self._sent = 1
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._trickle, daemon=True)
        self._thread.start()

    def _trickle(self) -> None:
        while not self._stopping.wait(0.3):
            self._socket.sendall(b" ")
            self._sent += 1

    def end(self) -> bytes:
        """Send the rest and return the answer."""
        self._stopping.set()
        self._thread.join()
        self._socket.sendall(self.REST.rjust(self.LENGTH - self._sent))
        return b"".join(iter(lambda: self._socket.recv(65536), b""))

    def close(self) -> None:
        self._stopping.set()
        self._thread.join()
        self._socket.close()


@pytest.fixture(scope="module")
def etcd(estate: Estate) -> Etcd:
    return Etcd(estate)


@pytest.fixture
def node(estate: Estate, edges: list[Host], etcd: Etcd) -> Iterator[Host]:
    """The application host that is drained; whatever a test leaves behind is taken away."""
    assert records(etcd) == ""
    yield estate.group("odoo")[-1]
    if records(etcd) or any("# drained:" in edge.file(FILE).content_string for edge in edges):
        for host in estate.group("odoo"):
            serve(host, force=True)


def server(node: Host, *options: str, hosts: str = "edge", **arguments: Any) -> dict[str, dict[str, Any]]:
    given = {"server": node.name, "owner": "ada", "reason": "new memory", "minutes": 5, **arguments}
    return site.module(hosts, SERVER, given, *options)


def drain(node: Host, *options: str, **more: Any) -> dict[str, dict[str, Any]]:
    return server(node, *options, state="drained", **more)


def serve(node: Host, *options: str, **more: Any) -> dict[str, dict[str, Any]]:
    return server(node, *options, state="in_service", **more)


def served(edge: Host) -> set[str]:
    """The addresses of the hosts that an edge sends requests to, by its own word."""
    services = api(edge, "/api/http/services?per_page=1000")
    urls = [entry["url"] for service in services for entry in service.get("loadBalancer", {}).get("servers") or ()]
    return {str(urlsplit(url).hostname) for url in urls}


def records(etcd: Etcd) -> str:
    """The leases on drained servers, with their contents."""
    return etcd.ctl("get /erpops/lab/leases/server_drain/ --prefix").strip()


def open_to(edge: Host, node: Host) -> int:
    return int(edge.check_output(f"ss -tnH state established dst {node.address} dport = :8069 | wc -l"))


def test_check_mode_says_what_would_be_and_writes_nothing(edges: list[Host], etcd: Etcd, node: Host) -> None:
    before = [edge.check_output(f"stat -c %i,%y {FILE}; sha256sum {FILE}") for edge in edges]
    for edge, would in zip(edges, drain(node, "--check", "--diff").values(), strict=True):
        assert not would["failed"], would
        assert (would["changed"], would["drained"]) == (True, True)
        assert would["actions"] == ["lease taken", "server taken out of the file"]
        assert f"# drained: http://{node.address}:8069" in would["diff"][1]["after"]
        assert "# drained:" not in would["diff"][1]["before"], edge
    assert [edge.check_output(f"stat -c %i,%y {FILE}; sha256sum {FILE}") for edge in edges] == before
    assert records(etcd) == ""


def test_a_host_leaves_and_returns_under_load_and_no_request_fails(
    estate: Estate, north: Instance, edges: list[Host], etcd: Etcd, node: Host
) -> None:
    others = {host.address for host in estate.group("odoo") if host is not node}
    with Load(estate, north) as load:
        out = drain(node)
        assert not [result for result in out.values() if result["failed"]], out
        assert [served(edge) for edge in edges] == [others] * len(edges)
        assert [open_to(edge, node) for edge in edges] == [0] * len(edges)
        assert records(etcd).count("ada") == len(edges)
        again = drain(node)
        assert not [result for result in again.values() if result["failed"] or result["changed"]], again

        back = serve(node)
        assert not [result for result in back.values() if result["failed"] or not result["changed"]], back
        assert [served(edge) for edge in edges] == [others | {node.address}] * len(edges)
        assert records(etcd) == ""
        told = [told["health"]["ok"] for told in site.module("edge", INFO).values()]
        assert told == [True] * len(edges)
        assert not [result for result in serve(node).values() if result["changed"]]
    result = load.result()
    assert not result.faults, result.summary()


def test_it_waits_for_a_request_in_flight(estate: Estate, north: Instance, edges: list[Host], node: Host) -> None:
    edge = edges[0]
    slow = Slow(estate, north, edge)
    for _attempt in range(10):
        time.sleep(1)
        if open_to(edge, node):
            break
        slow.close()
        slow = Slow(estate, north, edge)
    assert open_to(edge, node), f"expected one of ten requests to be sent to {node}, found none"
    done: list[dict[str, Any]] = []
    act = threading.Thread(target=lambda: done.append(drain(node)))
    act.start()
    until(lambda: all(node.address not in served(each) for each in edges), 40, f"no edge to send {node} anything")
    time.sleep(4)
    assert not done, "expected the drain to wait for the request in flight, found that it did not"
    answer = slow.end()
    act.join(30)
    assert answer.startswith(b"HTTP/1.1 200"), answer[:300]
    assert b"server_version" in answer
    assert not [result for result in done[0].values() if result["failed"]], done


def test_a_request_that_does_not_end_is_said(estate: Estate, north: Instance, edges: list[Host], node: Host) -> None:
    slow = [Slow(estate, north, edge) for edge in edges for _other in range(2)]
    time.sleep(1)
    found = drain(node, timeout=8)
    for each in slow:
        each.close()
    late = [result for result in found.values() if result["failed"]]
    assert [result["error"] for result in late] == ["timed_out"] * len(late)
    assert late
    assert "requests in flight to end within 8 s; found" in late[0]["msg"]


def test_the_last_one_and_a_stranger_are_refused(estate: Estate, etcd: Etcd, node: Host) -> None:
    other = next(host for host in estate.group("odoo") if host is not node)
    assert not [result for result in drain(node).values() if result["failed"]]
    before = records(etcd)
    for edge, refused in drain(other).items():
        assert (refused["failed"], refused["error"]) == (True, "refused"), edge
        assert "expected another server that is up in north-gevent, north-web" in refused["msg"]
    for refused in drain(node, server="node9").values():
        assert (refused["failed"], refused["error"]) == (True, "refused")
        assert "found no server of that name or address" in refused["msg"]
    for refused in serve(node, owner="bob").values():
        assert (refused["failed"], refused["error"]) == (True, "conflict")
        assert "held by ada (new memory) until" in refused["msg"]
    assert records(etcd) == before


def test_a_run_of_the_role_keeps_what_is_drained(edges: list[Host], node: Host) -> None:
    assert not [result for result in drain(node).values() if result["failed"]]
    before = [edge.file(FILE).content_string for edge in edges]
    assert site.run("--tags", "traefik").tasks == ()
    assert [edge.file(FILE).content_string for edge in edges] == before
    assert all(told["health"]["ok"] and told["drained"] for told in site.module("edge", INFO).values())
    for edge in edges:
        edge.check_output(f"sed -i 's/dialTimeout: .*/dialTimeout: 59s/' {FILE}")
    site.run("--tags", "traefik")
    assert [edge.file(FILE).content_string for edge in edges] == before
