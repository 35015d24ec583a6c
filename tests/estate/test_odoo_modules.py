"""The modules for Odoo against real instances: what they see, what they change, and that a check changes nothing."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.estate import access, module, traces
from tests.estate.web import Json2, Session
from tests.estate.world import Estate, Host, Instance

PARAMETERS = "select string_agg(key || '=' || coalesce(value, ''), ',' order by key) from ir_config_parameter"


@pytest.fixture(scope="module")
def host(estate: Estate) -> Host:
    """An application node."""
    return estate.group("odoo")[0]


@pytest.fixture(scope="module")
def key_file(estate: Estate, host: Host, north: Instance) -> Iterator[str]:
    """The administrator's API key on that node."""
    path = f"/root/{secrets.token_hex(4)}.api_key"
    host.check_output("umask 077 && printf %%s %s > %s", access.api_key(estate, north), path)
    yield path
    host.check_output("rm %s", path)


def test_info_sees_what_users_and_engine_see(
    estate: Estate, host: Host, north: Instance, odoo: Json2, session: Session
) -> None:
    assert session.user() == north.admin_login
    found = module.run(host, "odoo_info", {"name": "north"})["odoo"]
    assert found["problems"] == []
    assert found["version"].startswith("19.0")
    assert found["image"] == host.containers()[access.web_container(north)]["Config"]["Image"]
    assert {process: (seen["shallow"], seen["deep"]) for process, seen in found["containers"].items()} == dict.fromkeys(
        ("web", "cron", "jobs"), (True, True)
    )
    installed = odoo.find("ir.module.module", [["state", "=", "installed"]], "name")
    assert set(found["modules"]) == {row["name"] for row in installed}
    actions = odoo.find("ir.cron", [["active", "in", [True, False]]], "active")
    assert found["scheduled_actions"]["active"] == sum(row["active"] for row in actions)
    assert found["scheduled_actions"]["inactive"] == sum(not row["active"] for row in actions)
    assert 1 <= found["sessions"]["active"] <= found["sessions"]["alive"]
    master = next(h for h in estate.group("redis") if traces.redis_of(estate, h).role()[0] == b"master")
    assert found["sessions"]["alive"] <= traces.redis_of(estate, master).zcard("north:saved")


def test_info_tells_a_failed_job(estate: Estate, host: Host, north: Instance) -> None:
    leader = traces.leader(estate)
    traces.psql(
        leader,
        north.database,
        "insert into queue_job (uuid, state, channel, date_created, name, model_name, method_name) values"
        " ('erpops-test', 'failed', 'root.test', now() at time zone 'utc', 'test', 'res.users', 'test')",
    )
    try:
        found = module.run(host, "odoo_info", {"name": "north"})["odoo"]
        assert found["queue"]["root.test"]["failed"] == 1
        assert found["problems"] == ["queue root.test of north: expected no failed jobs, found 1"]
    finally:
        traces.psql(leader, north.database, "delete from queue_job where uuid = 'erpops-test'")


def test_info_tells_how_late_an_action_is(host: Host, odoo: Json2) -> None:
    found = module.run(host, "odoo_info", {"name": "north", "late_after": -(2**31)})["odoo"]
    late = {action["id"]: action["late_seconds"] for action in found["scheduled_actions"]["late"]}
    active = odoo.find("ir.cron", [["active", "=", True]], "nextcall")
    assert set(late) <= {row["id"] for row in active}, "an action that is not active is never late"
    now = datetime.now(UTC).replace(tzinfo=None)
    due = {row["id"]: (now - datetime.fromisoformat(row["nextcall"])).total_seconds() for row in active}
    # One may have been run between the two questions.
    assert sum(abs(late[identity] - due[identity]) < 30 for identity in late) >= len(late) - 1 > 5


def test_info_of_an_instance_that_is_not_here_is_refused(estate: Estate) -> None:
    elsewhere = next(host for host in estate.hosts if "odoo" not in host.groups)
    refused = module.run(elsewhere, "odoo_info", {"name": "north"}, failing=True)
    assert "run the module on a host of the group odoo" in refused["msg"]


def test_parameters_are_set_kept_and_removed(
    estate: Estate, host: Host, north: Instance, odoo: Json2, key_file: str
) -> None:
    key, secret = f"test.{secrets.token_hex(4)}", secrets.token_hex(8)
    arguments = {
        "name": "north",
        "api_key_file": key_file,
        "parameters": {f"{key}.flag": True},
        "secret_parameters": {f"{key}.plain": secret},
    }
    leader = traces.leader(estate)
    before = traces.psql(leader, north.database, PARAMETERS)
    check = module.run(host, "odoo_parameter", arguments, "--check", "--diff")
    assert traces.psql(leader, north.database, PARAMETERS) == before
    first = module.run(host, "odoo_parameter", arguments, "--diff")
    assert (check["changed"], check["set"], check["diff"]) == (True, first["set"], first["diff"])
    again = module.run(host, "odoo_parameter", arguments)
    assert (first["changed"], again["changed"]) == (True, False)
    kept = {entry["kind"]: entry["data"] for entry in first["evidence"]}
    assert kept["before"] == {}
    assert kept["after"][f"north parameter {key}.flag"] == "True"
    # Asked of a process other than the one that wrote it.
    for node in estate.group("odoo"):
        there = access.json2_on(estate, node, north)
        assert there.call("ir.config_parameter", "get_param", key=f"{key}.plain") == secret
    assert odoo.call("ir.config_parameter", "get_param", key=f"{key}.flag") == "True"
    absent = {"name": "north", "api_key_file": key_file, "absent": [f"{key}.flag", f"{key}.plain"]}
    gone = module.run(host, "odoo_parameter", absent, "--diff")
    assert gone["removed"] == [f"{key}.flag", f"{key}.plain"]
    assert traces.psql(leader, north.database, PARAMETERS) == before
    assert secret not in str([check, first, again, gone])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"absent": ["web.base.url"]}, "is seen to by the estate"),
        ({"parameters": {"a.b": "c"}, "absent": ["a.b"]}, "found both"),
        ({"parameters": {"a.b": "c"}, "api_key_file": "/root/missing"}, "erpops.estate.odoo_api_key"),
        ({"parameters": {"a.b": "c"}, "name": "south"}, "found status 401"),
    ],
)
def test_parameters_are_refused_with_a_reason(
    host: Host, key_file: str, arguments: dict[str, object], said: str
) -> None:
    refused = module.run(host, "odoo_parameter", {"name": "north", "api_key_file": key_file, **arguments}, failing=True)
    assert said in refused["msg"]
