"""A request in flight loses its connection to PostgreSQL: it is carried out once, or said to be unknown."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from tests.estate import access, module, traces
from tests.estate.wait import until, until_whole
from tests.estate.web import Answer, Json2, NoAnswer, Session
from tests.estate.world import Estate, Instance

Ask = Callable[[str], Answer]
Values = Callable[[str], dict[str, Any]]
CSRF = 'csrf_token: "'

# Held in its way, a request has written before it comes here; its server process is ended while it waits.
CUT = """
begin;
lock table TABLE in share mode;
do $$ declare victim int; begin
  for attempt in 1..300 loop
    select pid into victim from pg_locks where relation = 'TABLE'::regclass and not granted;
    exit when victim is not null;
    perform pg_sleep(0.1);
  end loop;
  if victim is null then raise 'nobody came'; end if;
  perform pg_terminate_backend(victim, 5000);
end $$;
commit;
"""
HELD = "select count(*) from pg_locks where relation = 'TABLE'::regclass and mode = 'ShareLock' and granted"
IN_COMMIT = """
select pid from pg_stat_activity where wait_event = 'SyncRep' and application_name like 'north/web/%'
"""


@pytest.fixture(scope="module", autouse=True)
def whole(estate: Estate) -> Iterator[None]:
    until_whole(estate)
    yield
    until_whole(estate)


@pytest.fixture(scope="module")
def partner(odoo: Json2) -> int:
    return odoo.create("res.partner", name="Somebody who orders while the leader changes")


@pytest.fixture(scope="module")
def values(odoo: Json2, partner: int) -> Values:
    """Return an order of this reference."""
    product = odoo.create("product.product", name="What is ordered meanwhile", type="service")
    line = {"product_id": product, "product_uom_qty": 1, "price_unit": 1.0}
    return lambda reference: {"partner_id": partner, "client_order_ref": reference, "order_line": [[0, 0, line]]}


def test_a_job_is_begun_although_its_runner_does_not_wait(estate: Estate, north: Instance) -> None:
    """It asks for one second at most and hangs up; it is from the job that it hears what came of it."""
    host, jobs, mark = estate.group("odoo")[0], f"odoo_{north.name}_jobs", secrets.token_hex(8)
    address = host.check_output("docker inspect --format %s %s", "{{.NetworkSettings.IPAddress}}", jobs)
    ask = f"printf 'GET /web/health?{mark} HTTP/1.0\\r\\n\\r\\n' > /dev/tcp/{address}/8069"
    host.check_output("docker pause %s", jobs)
    try:
        host.check_output("bash -c %s", ask)
    finally:
        host.check_output("docker unpause %s", jobs)
    until(lambda: mark in host.check_output("docker logs --since 60s %s 2>&1", jobs), 10, "what was asked to be done")


@pytest.fixture(params=["JSON-2", "web client", "JSON-RPC"])
def order(request: pytest.FixtureRequest, estate: Estate, odoo: Json2, north: Instance, values: Values) -> Ask:
    """Return one of the ways to create an order with a reference. The edge is closed to JSON-RPC, so it goes past."""
    node = access.node_route(estate.group("odoo")[0], north)
    session = access.logged_in(estate, north)
    plain = {"Content-Type": "application/json"}
    key = {"Authorization": f"bearer {odoo.api_key}", "X-Odoo-Database": odoo.database}

    def json2(reference: str) -> Answer:
        body = {"vals_list": [values(reference)]}
        return odoo.route.request("POST", "/json/2/sale.order/create", json.dumps(body).encode(), {**plain, **key})

    def web(reference: str) -> Answer:
        arguments = {"model": "sale.order", "method": "create", "args": [[values(reference)]]}
        body = {"jsonrpc": "2.0", "method": "call", "params": {**arguments, "kwargs": {}}}
        cookie = {"Cookie": f"session_id={session.session_id}"}
        path = "/web/dataset/call_kw/sale.order/create"
        return odoo.route.request("POST", path, json.dumps(body).encode(), {**plain, **cookie})

    def rpc(reference: str) -> Answer:
        user = odoo.find("res.users", [["login", "=", north.admin_login]])[0]["id"]
        call = [odoo.database, user, odoo.api_key, "sale.order", "create", [[values(reference)]]]
        body = {"jsonrpc": "2.0", "params": {"service": "object", "method": "execute_kw", "args": call}}
        return node.request("POST", "/jsonrpc", json.dumps(body).encode(), plain)

    ways: dict[str, Ask] = {"JSON-2": json2, "web client": web, "JSON-RPC": rpc}
    return ways[request.param]


def cut(estate: Estate, north: Instance, table: str, ask: Callable[[], Answer]) -> Answer:
    """Ask, and end the server process that serves it when it writes into the table."""
    leading = traces.leader(estate)
    held = HELD.replace("TABLE", table)
    with ThreadPoolExecutor(1) as pool:
        cutter = pool.submit(traces.psql, leading, north.database, CUT.replace("TABLE", table))
        until(
            lambda: traces.psql(leading, north.database, held).strip() == "1", 15, f"{table} to be held", interval=0.1
        )
        answer = ask()
        cutter.result()
        return answer


def orders(odoo: Json2, reference: str) -> list[int]:
    return [row["id"] for row in odoo.find("sale.order", [["client_order_ref", "=", reference]])]


def test_before_a_commit_it_is_run_again_and_done_once(
    estate: Estate, north: Instance, odoo: Json2, order: Ask
) -> None:
    reference = f"C{secrets.token_hex(5)}"
    answer = cut(estate, north, "sale_order_line", lambda: order(reference))
    assert answer.status == 200, answer.text
    told = json.loads(answer.body)
    assert isinstance(told, list) or "result" in told, answer.text
    (there,) = orders(odoo, reference)
    assert (told["result"] if isinstance(told, dict) else told) == [there]


def test_what_was_uploaded_is_read_from_its_beginning_again(
    estate: Estate, north: Instance, odoo: Json2, session: Session, partner: int
) -> None:
    name, content, boundary = f"{secrets.token_hex(5)}.bin", secrets.token_bytes(700_000), secrets.token_hex(16)
    token = session.get("/odoo").text.partition(CSRF)[2].partition('"')[0]
    form = {"csrf_token": token, "model": "res.partner", "id": str(partner)}
    parts = [f'Content-Disposition: form-data; name="{key}"\r\n\r\n{value}'.encode() for key, value in form.items()]
    upload = (
        f'Content-Disposition: form-data; name="ufile"; filename="{name}"\r\nContent-Type: application/x-any\r\n\r\n'
    )
    body = (
        b"".join(b"--%s\r\n%s\r\n" % (boundary.encode(), part) for part in [*parts, upload.encode() + content])
        + b"--%s--\r\n" % boundary.encode()
    )
    headers = {
        "Content-Type": f"multipart/form-data; boundary={boundary}",
        "Cookie": f"session_id={session.session_id}",
    }
    answer = cut(
        estate,
        north,
        "ir_attachment",
        lambda: odoo.route.request("POST", "/web/binary/upload_attachment", body, headers),
    )
    assert answer.status == 200, answer.text
    (there,) = odoo.find("ir.attachment", [["name", "=", name]], "file_size")
    assert there["file_size"] == len(content)


@contextmanager
def no_standby(estate: Estate) -> Iterator[None]:
    """Let every COMMIT wait: no standby says that it has it. One that stood still a while ago may not be asked."""
    until_whole(estate)
    leading = traces.leader(estate).name
    standbys = [host for host in estate.group("patroni") if host.name != leading]
    try:
        for host in standbys:
            host.check_output("docker pause patroni")
        yield
    finally:
        for host in standbys:
            host.run("docker unpause patroni")


def test_in_its_commit_it_is_unknown_and_never_run_again(
    estate: Estate, north: Instance, odoo: Json2, order: Ask
) -> None:
    reference = f"C{secrets.token_hex(5)}"
    leading = traces.leader(estate)
    with ThreadPoolExecutor(1) as pool:
        with no_standby(estate):
            answer = pool.submit(order, reference)
            until(lambda: bool(traces.psql(leading, north.database, IN_COMMIT).strip()), 15, "the COMMIT to wait")
            ended = f"select count(pg_terminate_backend(pid)) from ({IN_COMMIT}) waiting"  # noqa: S608 - our own
            assert traces.psql(leading, north.database, ended).strip() == "1"
        told = answer.result(60)
    assert (told.status, told.headers["Erpops-Outcome"], told.headers["Retry-After"]) == (504, "unknown", None)
    assert "It may have been saved or not" in told.text
    # Here it was: the leader had committed, and only the standbys' word was missing.
    assert len(orders(odoo, reference)) == 1
    noted = [
        request
        for host in estate.group("odoo")
        for request in module.run(host, "odoo_info", {"name": north.name})["odoo"]["unknown_requests"]
    ]
    last = max(noted, key=lambda request: str(request["at"]))
    assert (last["outcome"], last["state"], last["database"]) == ("unknown", "committed", north.database)
    # /jsonrpc, /json/2/sale.order/create or /web/dataset/call_kw/sale.order/create
    assert last["path"].endswith(("/jsonrpc", "sale.order/create"))


@contextmanager
def no_member(estate: Estate) -> Iterator[None]:
    """Let all of PostgreSQL be away; who leads goes last, so that nobody else comes to lead."""
    leading = traces.leader(estate)
    standbys = [host for host in estate.group("patroni") if host.name != leading.name]
    try:
        for host in (*standbys, leading):
            host.check_output("docker stop patroni")
        yield
    finally:
        for host in (leading, *standbys):
            host.run("docker start patroni")


def test_who_finds_nobody_to_write_to_waits_ten_seconds_and_is_told_to_come_again(
    estate: Estate, north: Instance, odoo: Json2, values: Values
) -> None:
    person, reference = access.logged_in(estate, north), f"C{secrets.token_hex(5)}"
    arguments = {"model": "sale.order", "method": "create", "args": [[values(reference)]], "kwargs": {}}
    body = json.dumps({"jsonrpc": "2.0", "method": "call", "params": arguments}).encode()
    with no_member(estate):
        began = time.monotonic()
        answer = person.send(
            "POST", "/web/dataset/call_kw/sale.order/create", body, {"Content-Type": "application/json"}
        )
        took = time.monotonic() - began
    until_whole(estate)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "5"), answer.text
    assert 9 < took < 15
    assert orders(odoo, reference) == []
    assert person.user() == north.admin_login


def test_a_request_whose_sender_is_gone_before_it_is_read_is_not_carried_out(estate: Estate, north: Instance) -> None:
    """A server that hangs finds in its queue what users gave up, and may have asked again by now."""
    hangs, web = estate.group("odoo")[0], access.web_container(north)
    # Long enough for a server that is merely busy. The edge has sent a request on long before its sender gives up.
    impatient = access.json2(estate, north, timeout=6.0)
    names = [f"given up {secrets.token_hex(4)}" for _ in range(8)]

    def create(name: str) -> str:
        try:
            impatient.create("res.partner", name=name)
        except NoAnswer:
            return ""
        return name

    hangs.check_output("docker pause %s", web)
    try:
        # Before the edge's next look at the server: every other one goes there.
        with ThreadPoolExecutor(len(names)) as senders:
            answered = set(senders.map(create, names)) - {""}
    finally:
        hangs.check_output("docker unpause %s", web)
    assert 0 < len(answered) < len(names), f"expected one server of two to hang, found {len(answered)} answers"
    # Served after everything that waits in the same queue.
    node = access.json2_on(estate, hangs, north)
    for _worker in range(8):
        node.find("res.partner", [], limit=1)
    found = {entry["name"] for entry in node.find("res.partner", [["name", "in", names]], "name")}
    assert found == answered
