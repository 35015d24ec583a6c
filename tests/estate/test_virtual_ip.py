"""The virtual address moves: connections that are open live on, and new ones are taken all the time."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from statistics import median

import pytest

from tests.estate import access, module, site
from tests.estate.callers import NewCallers, Regular
from tests.estate.wait import until, until_whole
from tests.estate.web import Json2, Route
from tests.estate.world import Estate, Host, Instance
from tests.load.sockets import Listener
from tests.load.wire import Wire

# What the network sees of an edge whose host is gone: no advert, no answer for the address, nothing from it.
GONE = """
table ip gone {{
  chain arriving {{ type filter hook prerouting priority -300; ip daddr {0} drop; ip protocol 112 drop; }}
  chain leaving {{ type filter hook output priority -300; ip saddr {0} drop; ip protocol 112 drop; }}
}}
table arp gone {{ chain leaving {{ type filter hook output priority 0; arp saddr ip {0} drop; }}; }}
"""
LEAVE_FILE = "/run/erpops-edge-leave"
EDGE_LOST = 1.5
# Nothing is lost in a planned move; a machine that is busy may take its time.
UNHURRIED = 5.0


@pytest.fixture
def route(estate: Estate, north: Instance) -> Route:
    return Route.virtual(estate, north)


@pytest.fixture(scope="module", autouse=True)
def whole(estate: Estate) -> Iterator[None]:
    until_whole(estate)
    yield
    until_whole(estate)


def holders(estate: Estate) -> list[str]:
    """Return the names of the edges that answer for the address."""
    return [host.name for host in estate.edges_with_address()]


def move(estate: Estate) -> float:
    """Ask the edge that has the address to leave, and return the seconds until another has it."""
    before = estate.edge_with_address()
    before.write(LEAVE_FILE, "1\n")
    try:
        return until(lambda: holders(estate) not in ([], [before.name]), 10, "another edge with the address")
    finally:
        before.write(LEAVE_FILE, "0\n")


class Order:
    """A call whose body is sent in two parts, so that the address can move between them."""

    def __init__(self, route: Route, odoo: Json2) -> None:
        body = json.dumps({"domain": [], "fields": ["login"], "limit": 1}).encode()
        head = (
            "POST /json/2/res.users/search_read HTTP/1.1",
            f"Host: {route.name}",
            f"Content-Length: {len(body)}",
            f"Authorization: bearer {odoo.api_key}",
            f"X-Odoo-Database: {odoo.database}",
            "Content-Type: application/json",
            "Connection: close",
            "",
            "",
        )
        assert route.context is not None
        plain = socket.create_connection((route.address, route.port), 20)
        self._wire = route.context.wrap_socket(plain, server_hostname=route.name)
        self._wire.sendall("\r\n".join(head).encode() + body[:10])
        self._rest = body[10:]

    def end(self) -> bytes:
        """Send the rest and return the whole answer."""
        self._wire.sendall(self._rest)
        answer = b""
        while data := self._wire.recv(65536):
            answer += data
        self._wire.close()
        return answer


def test_open_connections_live_on_when_the_address_moves(
    estate: Estate, north: Instance, odoo: Json2, route: Route
) -> None:
    session = access.logged_in(estate, north)
    stop = threading.Event()
    screen = Listener(Wire.to(estate, north), f"session_id={session.session_id}", stop, lambda *_: None)
    thread = threading.Thread(target=screen.run, daemon=True)
    thread.start()
    took = []
    with NewCallers(route, UNHURRIED) as callers, Regular(route) as regular:
        until(lambda: len(screen.answers) > 1, 10, "an open websocket")
        for _turn in range(2):
            order = Order(route, odoo)
            answers = len(screen.answers)
            took.append(move(estate))
            assert order.end().startswith(b"HTTP/1.1 200"), "the request in flight"
            until(lambda seen=answers: len(screen.answers) > seen + 1, 5, "answers on the same websocket")  # type: ignore[misc]  # bound now
    stop.set()
    thread.join()
    print(f"address elsewhere after {median(took):.2f} s, at most {max(took):.2f} s; {callers}")
    print(f"kept connection: {regular.answers} answers on {regular.opened} connections")
    assert callers.failed() == []
    assert regular.troubles == []
    assert screen.outages == []


def test_an_edge_that_is_restarted_ends_nobody_s_request(estate: Estate, route: Route) -> None:
    edge = estate.edge_with_address()
    began = time.monotonic()
    with NewCallers(route, UNHURRIED) as callers, Regular(route) as regular:
        done = module.run(edge, "service_state", {"services": ["traefik"], "state": "restarted"})
    print(f"restarted in {time.monotonic() - began:.0f} s: {done['actions']}; {callers}")
    print(f"kept connection: {regular.answers} answers on {regular.opened} connections")
    assert [action for action in done["actions"] if "connections of its users to end" in action]
    assert not [action for action in done["actions"] if "are cut" in action]
    assert callers.failed() == []
    assert regular.troubles == []
    assert estate.edge_with_address().name != edge.name


def test_an_edge_that_dies_is_hardly_noticed_by_who_comes_then(estate: Estate, route: Route) -> None:
    edge = estate.edge_with_address()
    with NewCallers(route) as callers:
        edge.check_output("docker kill traefik")
        try:
            until(lambda: edge.name not in holders(estate), 10, "another edge with the address")
            time.sleep(1)
        finally:
            edge.check_output("docker start traefik")
    print(f"edge killed: {callers}")
    until_whole(estate)
    assert callers.outage() <= EDGE_LOST


def test_an_edge_whose_host_is_gone_is_replaced(estate: Estate, route: Route) -> None:
    # It announces itself where it arrives: now everybody calls that edge. Who left is ready again a moment later.
    move(estate)
    until_whole(estate)
    edge = estate.edge_with_address()
    with NewCallers(route) as callers:
        # Stopped as well: no table sees how keepalived announces an address that has come, at once and 5 s later.
        edge.check_output("systemctl kill --signal=STOP keepalived")
        edge.check_output("printf %%s %s | nft --file -", GONE.format(estate.virtual_ip))
        try:
            time.sleep(4)
        finally:
            edge.check_output("nft delete table ip gone; nft delete table arp gone")
            edge.check_output("systemctl kill --signal=CONT keepalived")
        until(lambda: len(holders(estate)) == 1, 5, "one edge with the address")
    print(f"host gone: {callers}")
    assert callers.outage() <= EDGE_LOST


def test_two_edges_do_not_go_on_answering_for_it(estate: Estate, route: Route) -> None:
    edge = estate.edge_with_address()
    with NewCallers(route) as callers:
        edge.check_output("systemctl kill --kill-whom=all --signal=KILL keepalived")
        # It may be back before anybody else has noticed.
        time.sleep(3)
        until(lambda: len(holders(estate)) == 1, 5, "one edge with the address")
    print(callers)
    assert callers.outage() <= EDGE_LOST


def test_the_address_moves_although_the_engine_is_down(estate: Estate) -> None:
    edge = estate.edge_with_address()
    process = edge.docker("traefik").inspect()["State"]["Pid"]
    edge.check_output("systemctl stop docker.socket docker.service")
    try:
        edge.check_output("kill -KILL %s", str(process))
        took = until(lambda: holders(estate) not in ([], [edge.name]), 10, "another edge with the address")
    finally:
        edge.check_output("systemctl start docker.socket docker.service")
    print(f"the engine down and the edge killed: address elsewhere after {took:.1f} s")
    until_whole(estate)


def test_what_a_move_stands_on_is_part_of_the_health(estate: Estate) -> None:
    edge = next(host for host in estate.group("edge") if host.name not in holders(estate))
    edge.check_output("ip address delete %s/32 dev lo", estate.virtual_ip)
    edge.check_output("nft delete table ip erpops_virtual_ip")
    try:
        reasons = health(edge)["reasons"]
    finally:
        edge.check_output("systemctl reload keepalived")
    assert len(reasons) == 2
    assert f"expected {estate.virtual_ip} on the loopback" in reasons[0]
    assert "expected the nftables table" in reasons[1]
    assert health(edge)["ok"]


# A process that is killed while it has asked the edge to leave: the collection's own code, from the keeper's archive.
KILLED = """
import os
from ansible_collections.erpops.estate.plugins.module_utils.clients.keepalived import lever_pulled
with lever_pulled("{0}"):
    os.kill(os.getpid(), 9)
"""


def test_who_is_killed_in_a_move_keeps_no_edge_away_for_good(estate: Estate) -> None:
    edge = next(host for host in estate.group("edge") if host.name not in holders(estate))
    edge.run("PYTHONPATH=/usr/local/lib/erpops/lease-keeper.pyz python3 -c %s", KILLED.format(LEAVE_FILE))
    assert edge.file(LEAVE_FILE).content_string == "1\n"
    took = until(lambda: edge.file(LEAVE_FILE).content_string == "0\n", 25, "systemd to let the edge stay")
    print(f"ended {took:.0f} s after the death of who began it")
    until(lambda: bool(health(edge)["ok"]), 10, "an edge that may have the address again")


def test_a_run_of_the_role_ends_a_move_that_nobody_ends(estate: Estate) -> None:
    edge = next(host for host in estate.group("edge") if host.name not in holders(estate))
    edge.write(LEAVE_FILE, "1\n")
    edge.check_output("touch --date='1 minute ago' %s", LEAVE_FILE)
    mended = site.run("--tags", "virtual_ip")
    assert [host for host, _task in mended.tasks] == [edge.name]
    assert edge.file(LEAVE_FILE).content_string == "0\n"
    assert health(edge)["ok"]


def health(host: Host) -> dict[str, list[str]]:
    """Return what the health predicate says of keepalived there."""
    seen = module.run(host, "service_info", {"services": ["keepalived"]})["services"][0]
    found: dict[str, list[str]] = seen["health"]
    return found
