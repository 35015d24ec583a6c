"""A pause of a real instance's scheduled actions: nothing runs in it, and it ends by whatever hand."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from tests.estate import module, traces
from tests.estate.wait import until
from tests.estate.world import Estate, Host, Instance

ACTIVE = "select id from ir_cron where active order by id"
STATE = "select id, active, nextcall from ir_cron order by id"
QUEUE = "mail.ir_cron_mail_scheduler_action"
HELD = f"""
begin; select id from ir_cron where id = (select res_id from ir_model_data where model = 'ir.cron'
  and module || '.' || name = '{QUEUE}') for no key update; select 'holding', pg_sleep(600)
"""  # noqa: S608 - our own
END = "select pg_terminate_backend(pid) from pg_stat_activity where query like '%holding%' and pid <> pg_backend_pid()"


@pytest.fixture
def host(estate: Estate) -> Iterator[Host]:
    """An application node; what a test leaves paused goes on."""
    found = estate.group("odoo")[0]
    yield found
    ask(found, "running", owner="tests", force=True)


def ask(
    host: Host, state: str, *flags: str, failing: bool = False, owner: str = "tests", **more: Any
) -> dict[str, Any]:
    reason = {"reason": "addresses are corrected", "minutes": 5} if state == "paused" else {}
    arguments = {"name": "south", "state": state, "owner": owner, **reason, **more}
    return module.run(host, "odoo_scheduled_action", arguments, *flags, failing=failing)


def sql(estate: Estate, south: Instance, statement: str) -> str:
    return traces.psql(traces.leader(estate), south.database, statement)


def test_what_was_active_before_is_active_again(estate: Estate, host: Host, south: Instance) -> None:
    before = sql(estate, south, ACTIVE)
    check = ask(host, "paused", "--check")
    assert sql(estate, south, ACTIVE) == before
    done = ask(host, "paused")
    assert (done["changed"], done["actions"]) == (check["changed"], check["actions"])
    assert done["actions"][0] == "lease taken"
    assert len(done["paused"]) == len(before.splitlines()) > 5
    assert sql(estate, south, ACTIVE) == ""
    assert not ask(estate.group("odoo")[-1], "paused")["changed"]
    assert "held by tests" in ask(host, "running", failing=True, owner="ada")["msg"]
    assert ask(host, "running")["paused"] == []
    assert sql(estate, south, ACTIVE) == before
    assert not ask(host, "running")["changed"]


def test_a_group_is_paused_and_goes_on_one_by_one(estate: Estate, host: Host, south: Instance) -> None:
    before = sql(estate, south, ACTIVE)
    done = ask(host, "paused", actions=["mail.*", "sms.*"])
    assert all(name.startswith(("Mail", "SMS", "Notification", "Discuss", "Publisher")) for name in done["paused"])
    left = ask(host, "running", actions=["sms.*"])["paused"]
    assert 0 < len(left) < len(done["paused"])
    assert ask(host, "running", actions=["mail.*"])["actions"][-1] == "lease of tests ended"
    assert sql(estate, south, ACTIVE) == before


def test_it_is_taken_back_for_an_owner_who_has_gone(estate: Estate, host: Host, south: Instance) -> None:
    before = sql(estate, south, ACTIVE)
    ask(host, "paused")
    ended = module.run(estate.group("odoo")[-1], "lease_end", {"owner": "tests"})
    assert any("odoo_pause south" in sentence for sentence in ended["ended"]), ended
    assert sql(estate, south, ACTIVE) == before


def test_an_action_that_runs_is_waited_for(estate: Estate, host: Host, south: Instance) -> None:
    def hold() -> None:
        with suppress(AssertionError):  # its connection is ended
            sql(estate, south, HELD)

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        holding = "select count(*) from pg_stat_activity where wait_event = 'PgSleep' and query like '%holding%'"
        until(lambda: sql(estate, south, holding) == "1", 30, "the action to be held")
        late = ask(host, "paused", failing=True, actions=[QUEUE], wait=1)
        assert "expected it to end within 1 s; found it still runs" in late["msg"]
    finally:
        sql(estate, south, END)
        thread.join(timeout=60)
    assert ask(host, "paused", actions=[QUEUE])["paused"] == ["Mail: Email Queue Manager"]


def test_what_is_not_there_is_refused(estate: Estate, host: Host, south: Instance) -> None:
    before = sql(estate, south, STATE)
    refused = ask(host, "paused", failing=True, actions=["nonesuch.*"])
    assert "found none called nonesuch.*" in refused["msg"]
    assert sql(estate, south, STATE) == before
