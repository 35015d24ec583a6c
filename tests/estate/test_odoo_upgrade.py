"""Upgrades of a real instance: only of what changed, never for long in anybody's way, and all or nothing."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from tests.estate import module, traces
from tests.estate.untouched import events, now
from tests.estate.wait import until
from tests.estate.world import Estate, Host, Instance

# Small modules on which nothing else of the instance depends.
CHANGED, OTHER = "web_unsplash", "privacy_lookup"
RECORDS = "select module, checksum, upgraded_at from erpops.module_code order by module"
STATES = "select name, state, latest_version, write_date from ir_module_module order by name"
SLOW = f"""
create or replace function public.erpops_test_slow() returns trigger language plpgsql
  as $$ begin perform pg_sleep(60); return new; end $$;
create trigger erpops_test_slow before update on ir_module_module for each row
  when (new.name = '{CHANGED}' and new.latest_version is distinct from old.latest_version)
  execute function public.erpops_test_slow()
"""
FAST = "drop function if exists public.erpops_test_slow() cascade"


@pytest.fixture(scope="module")
def host(estate: Estate) -> Host:
    """An application node, from which the database is at this image's code."""
    found = estate.group("odoo")[0]
    module.run(found, "odoo_module", {"name": "south", "adopt": True})
    return found


@pytest.fixture
def leader(estate: Estate, south: Instance) -> Iterator[Host]:
    """PostgreSQL's leader; in the end the two modules are recorded as they are."""
    found = traces.leader(estate)
    kept = {name: row(found, south, name) for name in (CHANGED, OTHER)}
    yield found
    for name, (checksum, version) in kept.items():
        sql(found, south, f"update erpops.module_code set checksum = '{checksum}' where module = '{name}'")  # noqa: S608 - our own
        sql(found, south, f"update ir_module_module set latest_version = '{version}' where name = '{name}'")  # noqa: S608 - our own


def sql(host: Host, instance: Instance, statement: str) -> str:
    return traces.psql(host, instance.database, statement)


def row(host: Host, instance: Instance, name: str) -> tuple[str, str]:
    found = sql(
        host,
        instance,
        "select checksum, latest_version from erpops.module_code join ir_module_module on name = module"  # noqa: S608 - our own
        f" where name = '{name}'",
    ).split("|")
    return found[0], found[1]


def pretend_change(host: Host, instance: Instance) -> None:
    """Record other code for one module, and mark both, so that an upgrade shows."""
    sql(host, instance, f"update erpops.module_code set checksum = repeat('0', 64) where module = '{CHANGED}'")  # noqa: S608 - our own
    sql(host, instance, f"update ir_module_module set latest_version = '0' where name in ('{CHANGED}', '{OTHER}')")  # noqa: S608 - our own


@contextmanager
def meanwhile(host: Host, instance: Instance, statement: str) -> Iterator[None]:
    """Run a statement on a connection of its own until what is done within has ended."""
    mark = f"held {secrets.token_hex(4)}"

    def run() -> None:
        with suppress(AssertionError):  # its connection is ended
            sql(host, instance, f"{statement}; select '{mark}', pg_sleep(600)")

    thread = threading.Thread(target=run)
    thread.start()
    try:
        holding = f"select count(*) from pg_stat_activity where wait_event = 'PgSleep' and query like '%{mark}%'"  # noqa: S608 - our own
        until(lambda: sql(host, instance, holding) == "1", 30, "the lock to be taken")
        yield
    finally:
        end = f"select pg_terminate_backend(pid) from pg_stat_activity where query like '%{mark}%'"  # noqa: S608 - our own
        sql(host, instance, f"{end} and pid <> pg_backend_pid()")
        thread.join(timeout=60)


def upgrade(host: Host, *flags: str, failing: bool = False, **more: Any) -> dict[str, Any]:
    return module.run(host, "odoo_module", {"name": "south", **more}, *flags, failing=failing)


def test_what_did_not_change_is_not_upgraded(host: Host, leader: Host, south: Instance) -> None:
    before = sql(leader, south, RECORDS), sql(leader, south, STATES)
    found = upgrade(host, modules=["base"])
    assert (found["changed"], found["plan"]) == (False, [])
    assert (sql(leader, south, RECORDS), sql(leader, south, STATES)) == before


def test_what_changed_is_upgraded_and_nothing_else(host: Host, leader: Host, south: Instance) -> None:
    checksum, version = row(leader, south, CHANGED)
    pretend_change(leader, south)
    before = sql(leader, south, RECORDS), sql(leader, south, STATES)
    since = now(host)
    check = upgrade(host, "--check")
    assert events(host, since) == [], "the image that runs is asked where it runs"
    assert (sql(leader, south, RECORDS), sql(leader, south, STATES)) == before
    done = upgrade(host)
    assert [(step["module"], step["act"]) for step in done["plan"]] == [(CHANGED, "upgrade")]
    assert done["plan"][0]["why"] == f"its code changed since its last upgrade, from 000000000000 to {checksum[:12]}"
    assert (check["changed"], check["plan"]) == (True, done["plan"])
    kept = {entry["kind"]: list(entry["data"].values()) for entry in done["evidence"]}
    assert kept == {"before": ["installed, code 000000000000"], "after": [f"installed, code {checksum[:12]}"]}
    assert check["evidence"] == []
    assert row(leader, south, CHANGED) == (checksum, version)
    assert row(leader, south, OTHER)[1] == "0", "a module whose code did not change was upgraded"
    assert not upgrade(host)["changed"]


def test_a_lock_that_does_not_come_ends_the_upgrade(host: Host, leader: Host, south: Instance) -> None:
    pretend_change(leader, south)
    with meanwhile(leader, south, "lock table ir_model_data in share mode"):
        refused = upgrade(host, failing=True, lock_timeout=1)
    assert "expected every lock within 1 s" in refused["msg"]
    assert row(leader, south, CHANGED)[0] == "0" * 64
    assert sql(leader, south, "select count(*) from ir_module_module where state like 'to %'") == "0"
    assert upgrade(host)["plan"], "the next run does it"


def test_an_upgrade_that_users_wait_for_is_ended(host: Host, leader: Host, south: Instance) -> None:
    pretend_change(leader, south)
    sql(leader, south, SLOW)
    waiting = f"update ir_model_data set noupdate = noupdate where module = '{CHANGED}'"  # noqa: S608 - our own

    def user() -> None:
        asleep = "select count(*) from pg_stat_activity where wait_event = 'PgSleep' and application_name ~ 'south.up'"
        until(lambda: sql(leader, south, asleep) == "1", 60, "the upgrade to be on its way")
        sql(leader, south, waiting)

    thread = threading.Thread(target=user)
    thread.start()
    try:
        refused = upgrade(host, failing=True, block_limit=2)
    finally:
        thread.join(timeout=60)
        sql(leader, south, FAST)
    assert "expected nobody to wait for it for more than 2 s; found psql waiting for" in refused["msg"]
    assert row(leader, south, CHANGED)[0] == "0" * 64
    assert sql(leader, south, "select count(*) from ir_module_module where state like 'to %'") == "0"
    assert upgrade(host)["plan"], "the next run does it"


def test_two_never_work_on_a_database_at_once(host: Host, leader: Host, south: Instance) -> None:
    pretend_change(leader, south)
    with meanwhile(leader, south, "select pg_advisory_lock(7291044175561)"):
        refused = upgrade(host, failing=True)
    assert "expected nobody else to work on the database" in refused["msg"]


def test_what_the_image_does_not_hold_is_refused(host: Host) -> None:
    nowhere = "registry.example.com/odoo@sha256:" + "0" * 64
    assert "check mode pulls nothing" in upgrade(host, "--check", failing=True, image=nowhere)["msg"]
    assert "expected it in the image's add-ons" in upgrade(host, failing=True, modules=["nonesuch"])["msg"]
    assert "lock_timeout: expected 1 to 60 seconds" in upgrade(host, failing=True, lock_timeout=0)["msg"]
