"""A run changes what differs and nothing else."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from dataclasses import dataclass
from typing import Any

import pytest

from tests.estate import access, demo, site
from tests.estate.traces import leader, psql, redis_of
from tests.estate.wait import until_whole
from tests.estate.world import Estate, Host, Instance
from tests.lab import paths, secrets

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


def test_check_mode_reports_nothing_on_a_running_estate(estate: Estate) -> None:
    until_whole(estate)
    assert site.run("--check", "--diff").tasks == ()


CONTENT = b"from before the object storage" * 99
# As Odoo kept a file until the storage of attachments was there: in the database, which is no place for it.
STRAY = f"""
insert into ir_attachment (name, type, mimetype, db_datas, file_size, checksum, company_id, create_uid, create_date)
values ('stray.txt', 'binary', 'text/plain', decode('{CONTENT.hex()}', 'hex'), {len(CONTENT)},
        '{hashlib.sha1(CONTENT, usedforsecurity=False).hexdigest()}', 1, 2, now()) returning id
"""  # noqa: S608 - our own


@dataclass(frozen=True)
class Disorder:
    """Ten differences, one kind each, and the hosts they are on."""

    edge: Host
    redis: Host
    database: Host
    stray: int


@pytest.fixture(scope="module")
def disorder(estate: Estate, south: Instance) -> Disorder:
    """Files edited and gone, a container and timers stopped, settings changed, a file beside the bucket."""
    first_edge, edge = estate.group("edge")
    stopped, database, last = replica_of_redis(estate), leader(estate), estate.group("patroni")[-1]
    master = next(
        host for host in estate.group("redis") if redis_of(estate, host).info("replication")["role"] == "master"
    )
    edge.write(DYNAMIC, edge.file(DYNAMIC).content_string.replace("stsSeconds: 31536000", "stsSeconds: 1"))
    first_edge.check_output("echo '# edited' >> /etc/keepalived/keepalived.conf")
    first_edge.check_output("rm /etc/erpops/odoo/south/pgpass")
    edge.check_output("systemctl stop erpops-leases.timer")
    last.check_output("systemctl disable --now erpops-backup-full.timer")
    stopped.check_output("docker stop redis")
    redis_of(estate, master).config_set("min-replicas-max-lag", 77)
    patch = json.dumps({"postgresql": {"parameters": {"log_min_duration_statement": "77s"}}})
    database.check_output(f"printf %%s %s | docker exec -i {PATRONICTL} edit-config --force --apply -", patch)
    assert "77s" in database.check_output(f"docker exec {PATRONICTL} show-config")
    psql(database, south.database, "delete from ir_config_parameter where key = 'sessions.max_inactivity_seconds'")
    return Disorder(edge, stopped, database, int(psql(database, south.database, STRAY)))


LOOK = """
find /etc/erpops /etc/keepalived /etc/systemd/system /var/lib/erpops/proven -type f -exec sha256sum {} + | sort
systemctl is-active erpops-leases.timer erpops-backup-full.timer erpops-backup-incremental.timer keepalived
"""


def everything(estate: Estate, south: Instance) -> list[Any]:
    """All that a run could have changed."""
    rows = "select key, value from ir_config_parameter order by key"
    files = "select count(*), count(db_datas), count(store_fname) from ir_attachment"
    running = [host for host in estate.group("redis") if host.docker("redis").is_running]
    return [
        started(estate),
        [host.run(LOOK).stdout for host in estate.hosts],
        leader(estate).check_output(f"docker exec {PATRONICTL} show-config"),
        [psql(leader(estate), south.database, question) for question in (rows, files)],
        [redis_of(estate, host).config_get() for host in running],
    ]


@pytest.fixture(scope="module")
def planned(estate: Estate, south: Instance, disorder: Disorder) -> site.Run:
    """What a dry run says, as much of it as anybody asks for; that it changes nothing."""
    assert disorder
    before = everything(estate, south)
    run = site.run("--check", "--diff", "-vvv")
    assert everything(estate, south) == before
    return run


def test_the_demonstration_does_not_end_well_while_something_is_ill(
    estate: Estate, disorder: Disorder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert demo.closing(estate) == 1
    ill = [line for line in capsys.readouterr().out.splitlines() if "found it stopped" in line]
    assert [line.split()[:2] for line in ill] == [[disorder.redis.name, "redis"]]


def test_what_runs_is_what_is_shipped(planned: site.Run) -> None:
    tree = paths.SOURCE_TREE if os.environ.get("ERPOPS_SOURCE") == "1" else paths.INSTALLED_TREE
    used = set(re.findall(r"Using module file (\S+/ansible_collections/erpops/estate)/", planned.shown))
    assert {os.path.realpath(path) for path in used} == {
        os.path.realpath(tree / "ansible_collections" / "erpops" / "estate")
    }


def test_what_a_run_shows_holds_no_secret(planned: site.Run) -> None:
    # One of the differences is in a file of passwords.
    assert "/etc/erpops/odoo/south/pgpass" in planned.shown
    assert [name for name, value in secrets.named().items() if value in planned.shown] == []


def test_what_was_changed_by_hand_is_found_and_only_that_is_mended(
    estate: Estate, south: Instance, disorder: Disorder, planned: site.Run
) -> None:
    before = started(estate)
    run = site.run()
    assert "stsSeconds: 31536000" in disorder.edge.file(DYNAMIC).content_string
    assert disorder.redis.docker("redis").is_running
    assert "77s" not in leader(estate).check_output(f"docker exec {PATRONICTL} show-config")
    touched = {service for service, state in started(estate).items() if before.get(service) != state}
    assert touched == {(disorder.redis.name, "redis")}
    # One task on each host it concerned; what is the cluster's or the instance's is changed once.
    assert len(run.tasks) == 9, run.tasks
    assert (disorder.edge.name, "Converge the service") in {
        (host, task.rpartition(" : ")[2]) for host, task in run.tasks
    }
    # Three containers share the password file: each of them would write it, and the first does.
    assert set(planned.tasks) == set(run.tasks)

    file = access.json2(estate, south).read("ir.attachment", disorder.stray, "store_fname", "datas")
    assert file["store_fname"].startswith("attachments://")
    assert base64.b64decode(file["datas"]) == CONTENT


def test_a_run_with_nothing_left_to_do_changes_nothing_and_restarts_nobody(estate: Estate, disorder: Disorder) -> None:
    assert disorder
    until_whole(estate)
    assert demo.closing(estate) == 0
    before = started(estate)
    run = site.run()
    assert (run.tasks, run.changes) == ((), 0)
    assert started(estate) == before


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
