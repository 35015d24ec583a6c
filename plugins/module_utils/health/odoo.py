# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the answers of an Odoo container mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict

WEB, CRON, JOBS = "web", "cron", "jobs"


@dataclass(frozen=True)
class Container:
    """One container as it answered; ``trouble`` is the client's sentence when it did not.

    ``backends`` are its connections in PostgreSQL: for each the database and whether it holds the lock of
    the job runner.
    """

    name: str
    process: str
    version: str = ""
    server: Mapping[str, Any] = field(default_factory=dict)
    websocket: Mapping[str, Any] = field(default_factory=dict)
    sessions: Mapping[str, Any] = field(default_factory=dict)
    login_page: int = 0
    backends: Sequence[tuple[str, bool]] = ()
    trouble: str = ""


def container_health(container: Container) -> Verdict:
    """Return whether the container does its part of the instance's work."""
    name = container.name
    if container.trouble:
        return Verdict(False, (container.trouble,), {"role": container.process})
    objections = []
    if container.server.get("status") != "pass" or not container.server.get("db_server_status"):
        objections.append(
            f"{name}: expected the way to the database server to be open, found {_shown(container.server)}"
        )
    objections += _web(container) if container.process == WEB else _background(container)
    return Verdict.of(objections, version=container.version, **_facts(container))


def _web(container: Container) -> Iterator[str]:
    name, sessions = container.name, container.sessions
    if container.login_page != 200:
        yield f"{name}: expected status 200 from the login page, found {container.login_page}"
    if container.websocket.get("status") != "pass":
        yield f"{name}: expected the gevent process to serve websockets, found {_shown(container.websocket)}"
    if not sessions:
        yield (
            f"{name}: expected sessions in Redis, found Odoo's files; the add-on erpops_session_redis was not loaded, "
            "see server_wide_modules and the container's first log lines"
        )
    elif sessions.get("status") != "pass":
        yield f"{name}: expected Redis to take sessions, found {_shown(sessions)}"


def _background(container: Container) -> Iterator[str]:
    # Workers for scheduled actions listen on the database postgres for as long as they live. A job runner that
    # waits for its turn connects every few seconds only, so nothing is expected of it.
    if container.process == CRON and not any(database == "postgres" for database, _lock in container.backends):
        yield f"{container.name}: expected a worker that listens for scheduled actions, found none in pg_stat_activity"


def _facts(container: Container) -> dict[str, Any]:
    if container.process == WEB:
        return {"role": WEB, "session_master": container.sessions.get("master", "")}
    if container.process == JOBS:
        return {"role": "job runner" if any(lock for _database, lock in container.backends) else "job runner, waiting"}
    return {"role": container.process}


def may_leave(name: str, others: Sequence[Verdict]) -> Verdict:
    """Return whether another application node serves this instance while this one is away."""
    if not others:
        return Verdict(
            True, (f"{name} is the only node that was declared for its instance: nobody can stand in for it",)
        )
    if any(other.ok for other in others):
        return Verdict(True)
    reasons = [reason for other in others for reason in other.reasons]
    return Verdict(False, (f"{name}: expected another application node to serve the instance, found none", *reasons))


def _shown(answer: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in sorted(answer.items())) or "no answer"
