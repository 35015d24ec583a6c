"""The cluster's backups: who makes them, that WAL arrives, and that the latest one is a database again."""

from __future__ import annotations

import datetime
import itertools
import json
import re
import shlex
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.estate.store import Store
from tests.estate.test_object_storage import BACKUPS
from tests.estate.traces import psql
from tests.estate.world import Estate, Host

STANZA = "lab"
BACKUP = f"pgbackrest/backup/{STANZA}"
PROBE = "/var/lib/erpops/restore-probe"
TIMERS = ("erpops-backup-full.timer", "erpops-backup-incremental.timer")

# Restores the latest backup into a directory of its own and starts PostgreSQL there, on a socket only and without
# archiving: nothing of it touches the cluster or its repository. Arguments: directory, stanza, query.
RESTORE = r"""
root=$1 stanza=$2 query=$3
trap 'rm -rf "$root"' EXIT
install --directory --owner 902 --group 902 --mode 0700 "$root"
docker run --rm \
    --volume /etc/erpops/pgbackrest:/etc/pgbackrest:ro --volume /etc/erpops/tls:/etc/erpops/tls:ro \
    --volume "$root:/restore" "$(docker inspect --format '{{.Config.Image}}' patroni)" bash -euc '
        pgbackrest --stanza="$1" --pg1-path=/restore/data --archive-mode=off --log-level-console=warn restore
        echo "local all all trust" >/restore/pg_hba.conf
        touch /restore/pg_ident.conf
        options="-c listen_addresses= -c unix_socket_directories=/restore -c ssl=off -c hot_standby=off"
        options="$options -c hba_file=/restore/pg_hba.conf -c ident_file=/restore/pg_ident.conf -c shared_buffers=64MB"
        pg_ctl --pgdata /restore/data --log /restore/log --silent --timeout 120 --options "$options" start \
            || { cat /restore/log >&2; exit 1; }
        # It takes connections once it has gone through the archive to its end.
        for attempt in $(seq 240); do
            psql --host /restore --username postgres --command "select" >/dev/null 2>&1 && break
            sleep 0.5
        done
        psql --host /restore --username postgres --no-psqlrc --tuples-only --no-align --command "$2"
        pg_ctl --pgdata /restore/data --silent --mode fast stop
    ' restore "$stanza" "$query"
"""


def pgbackrest(host: Host, *arguments: str) -> str:
    command = shlex.join(["pgbackrest", f"--stanza={STANZA}", "--log-level-console=off", *arguments])
    return str(host.check_output(f"docker exec patroni {command}"))


@pytest.fixture(scope="module")
def estate() -> Estate:
    return Estate.load()


@pytest.fixture(scope="module")
def store(estate: Estate) -> Store:
    return Store.of(estate)


@pytest.fixture
def leader(estate: Estate) -> Host:
    return next(host for host in estate.group("patroni") if host.run("/usr/local/lib/erpops/patroni-leads").succeeded)


def repository(host: Host) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(pgbackrest(host, "--output=json", "info"))[0]
    return found


def test_the_repository_is_encrypted_and_holds_a_full_backup(leader: Host) -> None:
    found = repository(leader)
    assert found["status"]["code"] == 0
    assert found["cipher"] == "aes-256-cbc"
    assert found["backup"][0]["type"] == "full"
    assert not any(backup["error"] for backup in found["backup"])


def test_whoever_reads_the_bucket_reads_nothing_of_it(store: Store) -> None:
    content = store.login("backup_s3").get_object(Bucket=BACKUPS, Key=f"{BACKUP}/backup.info")["Body"].read()
    assert content.startswith(b"Salted__")
    assert b"backup" not in content


def test_every_member_has_the_timers_and_nobody_else_can_read_the_keys(estate: Estate) -> None:
    for host in estate.group("patroni"):
        for timer in TIMERS:
            assert host.service(timer).is_enabled, (host.name, timer)
            assert host.service(timer).is_running, (host.name, timer)
        configuration = host.file("/etc/erpops/pgbackrest/pgbackrest.conf")
        assert (configuration.uid, configuration.mode) == (902, 0o400), host.name


def test_wal_arrives_in_the_repository(leader: Host) -> None:
    before = repository(leader)["archive"][-1]["max"]
    pgbackrest(leader, "check")
    assert repository(leader)["archive"][-1]["max"] > before


def test_what_is_written_is_locked_for_as_long_as_it_is_kept(leader: Host, store: Store) -> None:
    """The promise is taken from what runs: pgBackRest's own settings, and systemd's account of the timer's dates."""
    fulls = int(leader.check_output("sed -n s/^repo1-retention-full=//p /etc/erpops/pgbackrest/pgbackrest.conf"))
    calendar = leader.check_output("sed -n s/^OnCalendar=//p /etc/systemd/system/%s", TIMERS[0])
    dates = re.findall(
        r"\d{4}-\d\d-\d\d", leader.check_output("TZ=UTC systemd-analyze calendar --iterations=20 %s", calendar)
    )
    days = sorted({datetime.date.fromisoformat(date) for date in dates})
    # One full that fails costs one date more. Two weeks are the least that follows, however near the dates are.
    gap = max(later - earlier for earlier, later in itertools.pairwise(days))
    due = max((fulls + 1) * gap, datetime.timedelta(days=14))

    archive = repository(leader)["archive"][-1]
    segment = archive["max"]
    where = {"Bucket": BACKUPS, "Prefix": f"pgbackrest/archive/{STANZA}/{archive['id']}/{segment[:16]}/{segment}"}
    admin = store.login("object_storage_admin")
    version = admin.list_object_versions(**where)["Versions"][0]
    kept = admin.get_object_retention(Bucket=BACKUPS, Key=version["Key"], VersionId=version["VersionId"])["Retention"]
    assert kept["Mode"] == "COMPLIANCE"
    # Between the two times lies no more than what the store needs to write a segment.
    assert abs(kept["RetainUntilDate"] - version["LastModified"] - due) < datetime.timedelta(minutes=5)


def stored(store: Store, label: str) -> tuple[int, int]:
    """Return how many objects of a backup there are, and how many versions: what is deleted keeps them."""
    client, where = store.login("backup_s3"), {"Bucket": BACKUPS, "Prefix": f"{BACKUP}/{label}/"}
    objects = client.list_objects_v2(**where).get("Contents", [])
    return len(objects), len(client.list_object_versions(**where).get("Versions", []))


def test_a_backup_is_made_where_the_leader_runs_and_stays_in_the_bucket_when_it_expires(
    estate: Estate, leader: Host, store: Store
) -> None:
    before = {backup["label"] for backup in repository(leader)["backup"]}
    for host in estate.group("patroni"):
        host.check_output("systemctl start erpops-backup@incr.service")
    made = [backup for backup in repository(leader)["backup"] if backup["label"] not in before]
    assert [backup["type"] for backup in made] == ["incr"]
    label = made[0]["label"]
    there, kept = stored(store, label)
    assert 0 < there <= kept
    pgbackrest(leader, "expire", f"--set={label}")
    assert label not in {backup["label"] for backup in repository(leader)["backup"]}
    assert stored(store, label) == (0, kept)


def test_a_member_that_cannot_be_asked_is_a_failure_and_no_reason_to_skip(estate: Estate) -> None:
    host = estate.group("patroni")[0]
    check = host.file("/usr/local/lib/erpops/patroni-leads").content_string
    elsewhere = check.replace(":8008/", ":8009/")
    assert elsewhere != check
    # testinfra takes 255 for an error of SSH itself.
    assert host.check_output("python3 -IS -c %s >/dev/null 2>&1; echo $?", elsewhere) == "255"


@pytest.fixture
def token(leader: Host) -> Iterator[str]:
    """A row that was written after the latest backup, so that only WAL can bring it back."""
    value = uuid.uuid4().hex
    psql(leader, "postgres", "drop table if exists restore_probe")
    psql(leader, "postgres", f"create table restore_probe as select '{value}' as token")
    yield value
    psql(leader, "postgres", "drop table restore_probe")


def test_the_latest_backup_restores(estate: Estate, leader: Host, token: str) -> None:
    pgbackrest(leader, "check")
    host = next(host for host in estate.group("patroni") if host != leader)
    query = "select token, pg_is_in_recovery() from restore_probe"
    restored = host.check_output("bash -euc %s bash %s %s %s", RESTORE, PROBE, STANZA, query)
    assert restored == f"{token}|f"
    assert not host.file(PROBE).exists
