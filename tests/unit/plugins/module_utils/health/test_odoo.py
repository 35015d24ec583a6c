# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judged on recorded answers of Odoo 19.0."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.health.odoo import Container, container_health, may_leave
from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict

FIXTURES = Path(__file__).parents[3] / "fixtures" / "odoo"


def recorded(name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
    return data


WEB = Container(
    name="odoo_north_web",
    process="web",
    version="19.0",
    server=recorded("server"),
    websocket=recorded("websocket"),
    sessions=recorded("sessions"),
    login_page=200,
)
CRON = Container("odoo_north_cron", "cron", "19.0", recorded("server"), backends=[("postgres", False)])
JOBS = Container("odoo_north_jobs", "jobs", "19.0", recorded("server"), backends=[("north", True)])


@pytest.mark.parametrize(
    ("container", "reason"),
    [
        (WEB, ""),
        (CRON, ""),
        (JOBS, ""),
        (replace(JOBS, backends=()), ""),
        (replace(WEB, server=recorded("server-no-database")), "expected the way to the database server to be open"),
        (replace(WEB, sessions=recorded("sessions-no-replica")), "error NOREPLICAS Not enough good replicas"),
        (replace(WEB, sessions=recorded("sessions-no-redis")), "error Timeout connecting to server"),
        (replace(WEB, sessions={}), "the add-on erpops_session_redis was not loaded"),
        (replace(WEB, websocket={}), "expected the gevent process to serve websockets, found no answer"),
        (replace(WEB, login_page=500), "expected status 200 from the login page, found 500"),
        (replace(CRON, backends=[("north", False)]), "expected a worker that listens for scheduled actions"),
        (replace(CRON, trouble="odoo_north_cron; found nothing"), "odoo_north_cron; found nothing"),
    ],
)
def test_a_container_is_judged_by_what_it_is_for(container: Container, reason: str) -> None:
    verdict = container_health(container)
    assert verdict.ok == (not reason)
    assert reason in "; ".join(verdict.reasons)


def test_the_active_job_runner_is_told_from_the_one_that_waits() -> None:
    assert container_health(JOBS).facts["role"] == "job runner"
    assert container_health(replace(JOBS, backends=())).facts["role"] == "job runner, waiting"


@pytest.mark.parametrize(
    ("others", "ok"),
    [
        ([], True),
        ([Verdict(True)], True),
        ([Verdict(False, ("node2 is down",))], False),
        ([Verdict(False, ("node2 is down",)), Verdict(True)], True),
    ],
)
def test_a_node_leaves_when_another_one_serves_or_none_was_declared(others: list[Verdict], ok: bool) -> None:
    assert may_leave("odoo_north_web", others).ok == ok
