# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The repository of a cluster as a member sees it, and a backup that is made now."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients import postgresql_archive, timers
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError, Conflict, Refused
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_database import Database
from ansible_collections.erpops.estate.plugins.module_utils.clients.pgbackrest import (
    CONFIGURATION,
    PgbackrestClient,
    configuration,
    store_login,
)
from ansible_collections.erpops.estate.plugins.module_utils.clients.s3_lock import lock_of
from ansible_collections.erpops.estate.plugins.module_utils.health import patroni as judge_patroni
from ansible_collections.erpops.estate.plugins.module_utils.health import pgbackrest as judge
from ansible_collections.erpops.estate.plugins.module_utils.health import wal_archive
from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict
from ansible_collections.erpops.estate.plugins.module_utils.members.patroni import connect as connect_patroni

# Documented in the fragment pgbackrest.
CONNECTION_SPEC: Mapping[str, Mapping[str, Any]] = {
    "stanza": {"type": "str"},
    "container": {"type": "str", "default": "patroni"},
    "config_file": {"type": "path", "default": CONFIGURATION},
}

# The units that make the backups at night: what works by them works there.
UNIT = "erpops-backup@{}.service"


def connect(params: Mapping[str, Any]) -> tuple[str, PgbackrestClient]:
    """Return the stanza and the client that the options of a module name."""
    stanza = params["stanza"]
    if not stanza:
        found = configuration(params["config_file"]).stanzas
        if len(found) != 1:
            raise Refused(
                f"stanza in {params['config_file']}",
                expected="one",
                found=", ".join(found) or "none",
                remedy="give the option stanza",
            )
        stanza = found[0]
    return stanza, PgbackrestClient(stanza, container=params["container"])


def leader(patroni: Mapping[str, Any]) -> str:
    """Return the name of the member that leads; ``patroni`` is how this host asks its own."""
    found = judge_patroni.view(connect_patroni(patroni).ask(lambda member: member.cluster())).leader
    if found is None:
        remedy = "a backup is made where the leader runs: wait for a failover, or see patroni_info"
        raise Refused("the cluster of PostgreSQL", expected="a leader", found="none", remedy=remedy)
    return found.name


def survey(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the repository holds, how far behind it is, how long it is kept, and when it grows."""
    stanza, client = connect(params)
    info, now = client.info(), time.time()
    repository = judge.Repository.from_info(info)
    settings = configuration(params["config_file"]).settings
    health = judge.judge(repository, now=now, max_age_hours=params["max_age_hours"])
    waiting, unknown = _queue(params)
    late = list(wal_archive.objections(waiting, max_minutes=params["max_wait_minutes"])) if waiting else []
    return {
        "stanza": stanza,
        "status": {"code": repository.code, "message": repository.message},
        "running": repository.running,
        "health": Verdict.of([*health.reasons, *late], **health.facts).as_dict(),
        **_with_locks(params["config_file"], stanza, judge.backup_rows(info, now=now)),
        "archive": judge.archive_rows(info),
        "archive_queue": wal_archive.shown(waiting) if waiting else None,
        "archive_queue_unknown": unknown,
        "settings": dict(settings),
        "timers": timers.schedule(params["timers"]),
    }


def _queue(params: Mapping[str, Any]) -> tuple[wal_archive.Queue | None, str]:
    """Return the WAL that waits on this member, and why it is not known where it is not."""
    directory = params["socket_directory"]
    place = {"host": directory, "port": params["postgresql_port"], "user": "postgres", "dbname": "postgres"}
    try:
        with Database(f"PostgreSQL at {directory}", place) as database:
            return postgresql_archive.queue(database), ""
    except ClientError as error:
        return None, str(error)


def _with_locks(config_file: str, stanza: str, backups: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the backups, each with the lock on its manifest, and why locks are not known where they are not."""
    try:
        login = store_login(config_file)
        root = configuration(config_file).settings.get("repo1-path", "/").strip("/")
        if login is None:
            return {"backups": backups, "locks_unknown": "the repository is in no bucket"}
        for entry in backups:
            key = f"{root}/backup/{stanza}/{entry['label']}/backup.manifest".lstrip("/")
            entry["lock"] = asdict(lock_of(login, key))
    except ClientError as error:
        return {"backups": backups, "locks_unknown": str(error)}
    return {"backups": backups, "locks_unknown": ""}


def make(client: PgbackrestClient, kind: str) -> dict[str, Any]:
    """Make a backup on this host, where the leader has to run, and return it."""
    before = {entry["label"] for entry in judge.backup_rows(client.info(), now=time.time())}
    timers.start_service(UNIT.format(kind))
    made = [entry for entry in judge.backup_rows(client.info(), now=time.time()) if entry["label"] not in before]
    if not made:
        raise Refused(
            client.what,
            expected=f"a new backup after {UNIT.format(kind)} has ended",
            found="none; the unit skips a host whose PostgreSQL does not lead",
            remedy=f"see journalctl --unit {UNIT.format(kind)} on this host, and run again where the leader is",
        )
    return made[-1]


def refuse_while_running(repository: judge.Repository) -> None:
    """Raise where the repository cannot be asked, does not exist, or is being written to by another backup."""
    what = f"backup of stanza {repository.stanza}"
    if repository.running:
        remedy = "wait for its end and run again; pgbackrest_info shows it"
        raise Conflict(what, expected="no other backup", found="one that is running", remedy=remedy)
    if not repository.readable or not repository.exists:
        raise Refused(
            what, expected="a repository with this stanza", found=repository.message, remedy="run the role backup"
        )
