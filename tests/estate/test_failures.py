"""One thing after the other fails under a light load: service goes on, and nothing that was acknowledged is missing."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.drill_verdict import late

from tests.estate import access, sight, site
from tests.estate.traces import job_done, leader, redis_master, redis_of
from tests.estate.wait import until, until_whole
from tests.estate.web import Route, Session
from tests.estate.world import Estate, Instance
from tests.load.load import Load
from tests.load.schedule import Rates

# Orders that must go through after a fault before service counts as going on.
ENOUGH = 5
# Seconds within which users are served again; a replica is sure that PostgreSQL's leader is lost after patroni_ttl.
REDIS_LOST, POSTGRESQL_LOST = 10, 30


@pytest.fixture(scope="module")
def load(estate: Estate, north: Instance) -> Iterator[Load]:
    """Orders, all the time these tests run."""
    until_whole(estate)
    with Load(estate, north, rates=Rates(page=1.0)) as load:
        yield load


def goes_on(load: Load, moment: float, seconds: float, what: str) -> None:
    """Assert that orders are acknowledged again within the bound; say how long it took."""
    until(lambda: load.since(moment) >= ENOUGH, seconds, f"{ENOUGH} orders after {what}")
    print(f"{what}: longest time without an acknowledged order {load.longest_gap(moment):.1f} s")


def test_an_odoo_container_stops_and_its_logins_live_on(estate: Estate, north: Instance, load: Load) -> None:
    victim = estate.group("odoo")[0]
    session = access.logged_in(estate, north, access.node_route(victim, north))
    moment = time.monotonic()
    victim.check_output("docker kill %s", access.web_container(north))
    try:
        goes_on(load, moment, 20, "loss of an Odoo container")
        through = session.through(Route.virtual(estate, north))
        assert through.user() == north.admin_login
    finally:
        victim.check_output("docker start %s", access.web_container(north))
    until_whole(estate)


def test_a_drill_kills_the_edge_with_the_address(estate: Estate, load: Load, tmp_path: Path) -> None:
    """By the playbook: it strikes, measures, lifts the fault and judges; how soon is for the drills to say."""
    victim, file = estate.edge_with_address(), tmp_path / "result.json"
    before, moment = victim.docker("traefik").id, time.monotonic()
    struck = ("-e", "drill_scenario=edge_killed", "-e", f"drill_result={file}")
    done = site.run(*struck, check=False, playbook="erpops.estate.drill")
    assert file.exists(), done.output
    kept = json.loads(file.read_text(encoding="utf-8"))
    assert [(strike["host"], strike["fault"]) for strike in kept["strikes"]] == [(victim.name, "killed")]
    assert [reason for reason in kept["reasons"] if reason not in late(kept["figures"])] == []
    assert kept["run"]["writes"]["acknowledged"] > 0
    print(f"loss of the edge with the address: {kept['figures']}")
    goes_on(load, moment, 20, "loss of the edge with the address")
    assert [edge.name for edge in estate.edges_with_address()] not in ([], [victim.name])
    assert victim.docker("traefik").id == before, "the drill lifts its fault and makes nothing anew"
    until_whole(estate)


def test_the_runner_of_jobs_stops_and_the_other_node_goes_on(estate: Estate, north: Instance) -> None:
    """On each node in turn, so that one of them has held the lock."""
    session, odoo = access.logged_in(estate, north), access.json2(estate, north)
    for victim in estate.group("odoo"):
        victim.check_output("docker kill %s", f"odoo_{north.name}_jobs")
        try:
            print(f"without the jobs of {victim.name}: {job_done(session, odoo)}")
        finally:
            victim.check_output("docker start %s", f"odoo_{north.name}_jobs")
        until_whole(estate)


def test_the_redis_master_stops_and_logins_live_on(estate: Estate, north: Instance, load: Load) -> None:
    session = access.logged_in(estate, north)
    victim = redis_master(estate)
    moment = time.monotonic()
    victim.check_output("docker kill redis")
    try:
        goes_on(load, moment, REDIS_LOST, "loss of the Redis master")
        took = until(lambda: _still_in(session, north), REDIS_LOST, "the login to be known again")
        print(f"the login is known again {took:.1f} s after that")
        others = [host for host in estate.group("redis") if host.name != victim.name]
        roles = [redis_of(estate, host).info("replication")["role"] for host in others]
        assert sorted(roles) == ["master", "slave"]
    finally:
        victim.check_output("docker start redis")
    until_whole(estate)


def test_the_postgresql_leader_stops_and_nobody_is_logged_out(estate: Estate, north: Instance, load: Load) -> None:
    victim = leader(estate)
    session = access.logged_in(estate, north)
    moment = time.monotonic()
    victim.check_output("docker kill patroni")
    try:
        # Asked from the first moment on: a page that is opened while there is no leader must not cost the login.
        took = until(lambda: _still_in(session, north), POSTGRESQL_LOST, "the login to be known again")
        print(f"the login is known again after {took:.1f} s")
        goes_on(load, moment, POSTGRESQL_LOST, "loss of the PostgreSQL leader")
        # Of those that nobody has asked meanwhile each still has a connection to the old leader, and finds out now.
        told = [f"{row.host} {row.service}: {row.health}" for row in sight.look(estate) if "status 500" in row.health]
        assert told == []
    finally:
        victim.check_output("docker start patroni")
    until_whole(estate)
    assert leader(estate).name != victim.name


def test_nothing_acknowledged_is_missing_and_nothing_is_there_twice(load: Load) -> None:
    result = load.result()
    print(result.summary())
    assert result.truth.holds, result.summary()
    assert not result.fates["refused"], result.summary()
    assert not result.defects
    assert result.truth.acknowledged > 20


def test_a_run_after_the_faults_changes_nothing_and_moves_nobody_back(estate: Estate) -> None:
    before = leader(estate).name, redis_master(estate).name
    assert site.run("--tags", "patroni,redis_sentinel,traefik").tasks == ()
    assert (leader(estate).name, redis_master(estate).name) == before


def _still_in(session: Session, instance: Instance) -> bool:
    try:
        return session.user() == instance.admin_login
    except (AssertionError, OSError):
        return False
