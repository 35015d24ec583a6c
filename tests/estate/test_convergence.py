"""A run changes what differs and nothing else."""

from __future__ import annotations

import json

import pytest

from tests.estate import site
from tests.estate.traces import leader, redis_of
from tests.estate.wait import until_whole
from tests.estate.world import Estate, Host

DYNAMIC = "/etc/erpops/traefik/dynamic/estate.yml"
PATRONICTL = "patroni patronictl -c /etc/patroni"


def started(estate: Estate) -> dict[tuple[str, str], tuple[str, str]]:
    """Return identity and start of every container of every host."""
    return {
        (host.name, name): (container["Id"], container["State"]["StartedAt"])
        for host in estate.hosts
        for name, container in host.containers().items()
    }


def replica_of_redis(estate: Estate) -> Host:
    return next(host for host in estate.group("redis") if redis_of(estate, host).info("replication")["role"] == "slave")


def test_a_run_with_nothing_to_do_changes_nothing_and_restarts_nobody(estate: Estate) -> None:
    until_whole(estate)
    before = started(estate)
    run = site.run()
    assert run.tasks == ()
    assert run.changes == 0
    assert started(estate) == before


def test_check_mode_reports_nothing_on_a_running_estate() -> None:
    assert site.run("--check", "--diff").tasks == ()


@pytest.fixture(scope="module")
def disorder(estate: Estate) -> dict[str, str]:
    """An edited file, a stopped container and a changed setting, each on a host of its own kind."""
    edge, redis_host, database = estate.group("edge")[1], replica_of_redis(estate), leader(estate)
    edge.write(DYNAMIC, edge.file(DYNAMIC).content_string.replace("stsSeconds: 31536000", "stsSeconds: 1"))
    redis_host.check_output("docker stop redis")
    patch = json.dumps({"postgresql": {"parameters": {"log_min_duration_statement": "77s"}}})
    database.check_output(f"printf %%s %s | docker exec -i {PATRONICTL} edit-config --force --apply -", patch)
    assert "77s" in database.check_output(f"docker exec {PATRONICTL} show-config")
    return {"edge": edge.name, "redis": redis_host.name, "database": database.name}


def test_what_was_changed_by_hand_is_found_and_only_that_is_mended(estate: Estate, disorder: dict[str, str]) -> None:
    before = started(estate)
    run = site.run()
    edge, redis_host = estate.host(disorder["edge"]), estate.host(disorder["redis"])
    assert "stsSeconds: 31536000" in edge.file(DYNAMIC).content_string
    assert redis_host.docker("redis").is_running
    assert "77s" not in leader(estate).check_output(f"docker exec {PATRONICTL} show-config")
    touched = {service for service, state in started(estate).items() if before.get(service) != state}
    assert touched == {(disorder["redis"], "redis")}
    # One task on each host it concerned; the setting is the cluster's and is changed by one member.
    assert len(run.tasks) == 3, run.tasks
    assert (disorder["edge"], "Converge the service") in {(host, task.rpartition(" : ")[2]) for host, task in run.tasks}


def test_afterwards_there_is_nothing_left_to_do(estate: Estate, disorder: dict[str, str]) -> None:
    assert disorder
    until_whole(estate)
    assert site.run().tasks == ()


def test_a_limited_run_mends_only_the_named_host(estate: Estate) -> None:
    left_out, named = estate.group("odoo")[:2]
    container = "odoo_south_cron"
    for host in (left_out, named):
        host.check_output("docker stop %s", container)
    run = site.run("--limit", named.name, "--tags", "odoo")
    assert {host for host, _task in run.tasks} == {named.name}
    assert named.docker(container).is_running
    assert not left_out.docker(container).is_running
    assert {host for host, _task in site.run("--tags", "odoo").tasks} == {left_out.name}
    assert left_out.docker(container).is_running
