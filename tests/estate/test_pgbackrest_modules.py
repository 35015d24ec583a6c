"""The modules for backups: they tell what pgBackRest tells, and make a backup where the leader is."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.estate import site
from tests.estate.traces import psql
from tests.estate.wait import until
from tests.estate.world import Estate, Host

INFO, BACKUP = "erpops.estate.pgbackrest_info", "erpops.estate.pgbackrest_backup"


@pytest.fixture(scope="module")
def members(estate: Estate) -> list[Host]:
    return estate.group("patroni")


def leader(members: list[Host]) -> Host:
    return next(host for host in members if psql(host, "postgres", "select pg_is_in_recovery()") == "f")


def labels(host: Host) -> list[str]:
    info = json.loads(host.check_output("docker exec patroni pgbackrest info --output=json"))
    return [entry["label"] for entry in info[0]["backup"]]


def secrets(host: Host) -> set[str]:
    lines = host.file("/etc/erpops/pgbackrest/pgbackrest.conf").content_string.splitlines()
    return {line.partition("=")[2] for line in lines if line.startswith(("repo1-s3-key", "repo1-cipher-pass"))}


def everywhere(name: str, *options: str, **arguments: Any) -> dict[str, dict[str, Any]]:
    return site.module("patroni", name, arguments or None, *options)


def test_every_member_tells_the_same_and_needs_no_option(members: list[Host]) -> None:
    found = everywhere(INFO)
    assert {host: result["failed"] for host, result in found.items()} == {host.name: False for host in members}
    for host in members:
        result = found[host.name]
        assert [entry["label"] for entry in result["backups"]] == labels(host)
        assert (result["status"]["code"], result["health"]["ok"], result["running"]) == (0, True, False)
        assert result["archive"][-1]["last"] >= result["backups"][-1]["wal_stop"]
        assert {entry["activates"] for entry in result["timers"]} == {
            "erpops-backup@full.service",
            "erpops-backup@incr.service",
        }
        assert all(entry["next"] for entry in result["timers"])
        assert result["locks_unknown"] == ""
        assert {entry["lock"]["mode"] for entry in result["backups"]} == {"COMPLIANCE"}
        assert all(entry["lock"]["until"] > entry["finished_at"] for entry in result["backups"])
        shown = json.dumps(result)
        assert len(secrets(host)) == 3
        assert not [secret for secret in secrets(host) if secret in shown]


def test_the_leader_alone_says_how_far_the_repository_is_behind(members: list[Host]) -> None:
    led = leader(members)
    # A segment that is complete is in the repository within seconds.
    psql(led, "postgres", "select pg_switch_wal()")

    found: dict[str, dict[str, Any]] = {}

    def arrived() -> bool:
        found.update(everywhere(INFO))
        return not found[led.name]["archive_queue"]["segments"]

    until(arrived, 30, "the segment in the repository")
    assert {host for host, result in found.items() if result["archive_queue"]} == {led.name}
    assert not [result for result in found.values() if result["archive_queue_unknown"]]
    queue = found[led.name]["archive_queue"]
    point = datetime.fromisoformat(queue["recovery_point"])
    assert (queue["waits_seconds"], queue["failed"]) == (0, "")
    assert 60 <= (datetime.now(UTC) - point).total_seconds() < 90


def test_check_mode_makes_none(members: list[Host]) -> None:
    before = labels(members[0])
    found = everywhere(BACKUP, "--check")
    led = leader(members)
    assert {host for host, result in found.items() if result["changed"]} == {led.name}
    assert {result["leader"] for result in found.values()} == {led.name}
    assert labels(members[0]) == before


def test_a_backup_is_made_where_the_leader_is_and_only_there(members: list[Host]) -> None:
    before = labels(members[0])
    found = everywhere(BACKUP, type="diff")
    led = found[leader(members).name]
    assert not [result for result in found.values() if result["failed"]], found
    assert {host for host, result in found.items() if result["changed"]} == {led["leader"]}
    assert [label for label in labels(members[0]) if label not in before] == [led["label"]]
    assert (led["backup"]["type"], led["backup"]["error"]) == ("diff", False)


def test_one_that_is_young_enough_is_not_made_again(members: list[Host]) -> None:
    before = labels(members[0])
    for kind in ("diff", "incr"):
        found = everywhere(BACKUP, type=kind, max_age_hours=1)
        assert not [result for result in found.values() if result["failed"] or result["changed"]], found
        assert found[leader(members).name]["label"] == before[-1]
    assert labels(members[0]) == before


def test_while_one_is_running_another_is_refused(members: list[Host]) -> None:
    led, results = leader(members), []
    full = threading.Thread(target=lambda: results.append(site.module(led.name, BACKUP, {"type": "full"})[led.name]))
    full.start()
    held = "docker exec patroni pgbackrest info --output=json | grep -q '\"held\":true'"
    until(lambda: bool(led.run(held).succeeded), 30, "the full backup to run", interval=0.05)
    # Held still, so that it runs for as long as the question takes.
    led.check_output("docker exec patroni pkill -STOP -x pgbackrest")
    try:
        second = site.module(led.name, BACKUP, {"type": "incr"})[led.name]
        running = site.module(led.name, INFO)[led.name]["running"]
    finally:
        led.check_output("docker exec patroni pkill -CONT -x pgbackrest")
        full.join()
    assert (second["failed"], second["error"]) == (True, "conflict"), second
    assert running
    assert not results[0]["failed"], results[0]
    assert results[0]["backup"]["type"] == "full"


def test_without_a_configuration_it_says_what_would_help(members: list[Host]) -> None:
    found = site.module(members[0].name, INFO, {"config_file": "/nowhere"})[members[0].name]
    assert (found["failed"], found["error"]) == (True, "missing_file")
    assert "run this on a member of PostgreSQL" in found["msg"]
