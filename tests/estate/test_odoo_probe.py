"""The synthetic user, on the real instance: it sells, by the edge and at the node, and leaves nothing behind."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from tests.estate import access, module, traces
from tests.estate.web import Json2
from tests.estate.world import Estate, Host, Instance

LOGIN = "erpops-test-probe"
STEPS = {"log_in", "open_sales_list", "create_order", "confirm_order", "cancel_order", "remove_order", "log_out"}
# The record of logins is the account's own, and Odoo empties the bus by itself.
KEPT = {"res_users_log", "bus_bus"}
MADE_BY = """
select string_agg(found.line, ',' order by found.line) from (
  select table_name || '=' || (xpath('/row/n/text()', query_to_xml(format(
    'select count(*) as n from %I where create_uid = {user}', table_name), false, true, '')))[1]::text as line
  from information_schema.columns where column_name = 'create_uid' and table_schema = 'public') found
where found.line not like '%=0'
"""


@pytest.fixture(scope="module")
def host(estate: Estate) -> Host:
    """An application node."""
    return estate.group("odoo")[0]


@pytest.fixture(scope="module")
def arguments(estate: Estate, host: Host, north: Instance, odoo: Json2) -> Iterator[dict[str, Any]]:
    """How the probe is called; its account is removed at the end."""
    path = f"/root/{secrets.token_hex(4)}.api_key"
    host.write(path, access.api_key(estate, north))
    yield {
        "name": "north",
        "address": estate.virtual_ip,
        "login": LOGIN,
        "password": f"Aa1-{secrets.token_hex(8)}",
        "api_key_file": path,
    }
    host.check_output("rm %s", path)
    everybody = {"active_test": False}
    users = odoo.find("res.users", [["login", "=", LOGIN]], "partner_id", context=everybody)
    odoo.call("res.users", "write", ids=[user["id"] for user in users], vals={"active": False})


@pytest.fixture(scope="module")
def first(arguments: dict[str, Any], host: Host) -> dict[str, Any]:
    """What the probe said that made its account."""
    return module.run(host, "odoo_probe", arguments)


@pytest.fixture
def probe(arguments: dict[str, Any], first: dict[str, Any]) -> dict[str, Any]:
    """How the probe is called once its account is there."""
    assert first["prepared"]
    return arguments


def made(estate: Estate, north: Instance, odoo: Json2) -> set[str]:
    """What the synthetic user has made and what is still there, by table."""
    user = odoo.find("res.users", [["login", "=", LOGIN]])[0]["id"]
    found = traces.psql(traces.leader(estate), north.database, MADE_BY.format(user=user))
    return {line for line in found.split(",") if line.partition("=")[0] not in KEPT}


def keys(estate: Estate, north: Instance) -> set[object]:
    master = next(found for found in estate.group("redis") if traces.redis_of(estate, found).role()[0] == b"master")
    return set(traces.redis_of(estate, master).zrange(f"{north.name}:saved", 0, -1))


def test_it_makes_its_account_once_and_sells(first: dict[str, Any], probe: dict[str, Any], host: Host) -> None:
    assert f"user {LOGIN}: made" in first["prepared"] or f"user {LOGIN}: password set" in first["prepared"]
    assert first["changed"]
    assert set(first["steps"]) == STEPS
    assert all(took > 0 for took in first["steps"].values())
    assert first["total_ms"] == sum(first["steps"].values())
    assert probe["password"] not in str(first)
    assert not module.run(host, "odoo_probe", probe)["changed"]


def test_it_leaves_nothing_behind(
    probe: dict[str, Any], estate: Estate, host: Host, north: Instance, odoo: Json2
) -> None:
    before, sessions = made(estate, north, odoo), keys(estate, north)
    for way in (estate.virtual_ip, ""):
        assert set(module.run(host, "odoo_probe", {**probe, "address": way})["steps"]) == STEPS
    assert made(estate, north, odoo) == before
    assert keys(estate, north) <= sessions, "a session of the probe stayed in Redis"


def test_a_check_does_nothing_but_open_a_page(probe: dict[str, Any], host: Host, odoo: Json2) -> None:
    logins = [["create_uid.login", "=", LOGIN]]
    before = odoo.call("res.users.log", "search_count", domain=logins)
    found = module.run(host, "odoo_probe", probe, "--check")
    assert (found["changed"], list(found["steps"])) == (False, ["log_in"])
    assert odoo.call("res.users.log", "search_count", domain=logins) == before


def test_what_a_probe_that_was_cut_off_left_is_taken_back(
    probe: dict[str, Any], estate: Estate, host: Host, north: Instance, odoo: Json2
) -> None:
    partner = odoo.find("res.users", [["login", "=", LOGIN]], "partner_id")[0]
    values = {"name": "PROBE/test", "client_order_ref": "erpops-probe-test", "partner_id": partner["partner_id"][0]}
    order = odoo.create("sale.order", **values)
    odoo.call("sale.order", "action_confirm", ids=[order])
    traces.psql(
        traces.leader(estate),
        north.database,
        f"update sale_order set create_uid = {partner['id']}, create_date = create_date - interval '1 hour'"  # noqa: S608 - our own
        f" where id = {order}",
    )
    found = module.run(host, "odoo_probe", probe)
    assert (found["changed"], found["taken_back"]) == (True, ["PROBE/test"])
    assert odoo.find("sale.order", [["id", "=", order]]) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "south"}, "expected the module sale"),
        ({"login": "admin"}, "give the probe a login that is nobody's"),
        ({"login": "nobody", "api_key_file": None}, "give api_key_file"),
    ],
)
def test_it_is_refused_with_a_reason(probe: dict[str, Any], host: Host, changes: dict[str, Any], said: str) -> None:
    arguments = {name: value for name, value in {**probe, **changes}.items() if value is not None}
    assert said in module.run(host, "odoo_probe", arguments, failing=True)["msg"]
