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
from tests.estate.traces import leader, psql, redis_master, redis_of
from tests.estate.untouched import started, untouched
from tests.estate.wait import until_whole
from tests.estate.world import Estate, Host, Instance
from tests.lab import paths, secrets

DYNAMIC = "/etc/erpops/traefik/dynamic/estate.yml"
PATRONICTL = "patroni patronictl -c /etc/patroni"


def replica_of_redis(estate: Estate) -> Host:
    return next(host for host in estate.group("redis") if redis_of(estate, host).info("replication")["role"] == "slave")


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
    master = redis_master(estate)
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


@pytest.fixture(scope="module")
def planned(estate: Estate, disorder: Disorder) -> site.Run:
    """What a dry run says, as much of it as anybody asks for; that it changes nothing.

    Beside what was brought about here it has to say nothing: the run that follows does no more.
    """
    assert disorder
    with untouched(estate):
        return site.run("--check", "--diff", "-vvv")


# What a dry run and the run that follows say of a change in the same words. What was done in the end, a module that
# decides beforehand says only afterwards.
SAID = ("decision", "reasons", "differences", "patch", "diff")


def said(result: dict[str, Any]) -> str:
    """Return what a task says of its change, in a form that can be compared."""
    words = {word: result[word] for word in SAID if result.get(word)}
    if not {"decision", "differences"} & set(result):
        words["actions"] = result.get("actions")
    return json.dumps(words, sort_keys=True)


def changes(run: site.Run) -> dict[tuple[str, str], list[str]]:
    """Return by host and task what was said of each change; of a task with a loop each of its turns counts."""
    found: dict[tuple[str, str], list[str]] = {}
    for host, task, result in run.results:
        for turn in result.get("results", [result]):
            if turn.get("changed"):
                found.setdefault((host, task), []).append(said(turn))
    return found


def edit(path: str, *words: str) -> tuple[str, ...]:
    return (f'"after_header": {json.dumps(path)}', *words)


# By the difference, the words in which the plan says it.
SENTENCES: dict[str, tuple[str, ...]] = {
    "a file of the edge": edit(DYNAMIC, "stsSeconds: 1\\n", "stsSeconds: 31536000\\n"),
    "a file of a package": edit("/etc/keepalived/keepalived.conf", "# edited\\n"),
    "a file that is gone": edit("/etc/erpops/odoo/south/pgpass", '"before": ""', "(secret, differs)"),
    "a timer that is stopped": ("enabled erpops-leases.timer",),
    "a timer that is disabled": ("enabled erpops-backup-full.timer",),
    "a container that is stopped": ('"decision": "start"', "the container is not running"),
    "a setting of Redis": ("Redis: set min-replicas-max-lag",),
    "a setting of PostgreSQL": ('"patch": {"postgresql": {"parameters": {"log_min_duration_statement": ', "77s"),
    "a parameter of Odoo": ("set sessions.max_inactivity_seconds to ", "(is unset)"),
    "a file beside the bucket": ("move attachments that are neither in the bucket nor meant for the database",),
}


def concerned(difference: str, estate: Estate, disorder: Disorder) -> set[str]:
    """Return the hosts that may speak of it; what is the cluster's or the instance's is said by any."""
    edges, patroni = estate.group("edge"), estate.group("patroni")
    hosts = {
        "a file of the edge": disorder.edge,
        "a file of a package": edges[0],
        "a file that is gone": edges[0],
        "a timer that is stopped": disorder.edge,
        "a timer that is disabled": patroni[-1],
        "a container that is stopped": disorder.redis,
    }
    return {hosts[difference].name} if difference in hosts else {host.name for host in estate.hosts}


@pytest.mark.parametrize("difference", SENTENCES)
def test_the_plan_names_each_difference(estate: Estate, disorder: Disorder, planned: site.Run, difference: str) -> None:
    hosts = concerned(difference, estate, disorder)
    told = {(host, text) for (host, _task), texts in changes(planned).items() for text in texts}
    naming = [host for host, text in told if all(words in text for words in SENTENCES[difference])]
    assert len(naming) == 1, f"said by {naming}: {sorted(told)}"
    assert naming[0] in hosts


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
    # Three containers share the password file: each of them would write it and says so in the same words, and the first
    # does. Everything else was done as it was said, no more often and no less.
    assert changes(run) == {where: list(dict.fromkeys(texts)) for where, texts in changes(planned).items()}

    file = access.json2(estate, south).read("ir.attachment", disorder.stray, "store_fname", "datas")
    assert file["store_fname"].startswith("attachments://")
    assert base64.b64decode(file["datas"]) == CONTENT


def test_a_dry_run_with_nothing_left_to_do_names_nothing(estate: Estate, disorder: Disorder) -> None:
    """That a run changes nothing either is the first thing that was asked of this estate."""
    assert disorder
    until_whole(estate)
    assert demo.closing(estate) == 0
    before = started(estate)
    run = site.run("--check", "--diff")
    assert (run.tasks, run.changes, changes(run)) == ((), 0, {})
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
