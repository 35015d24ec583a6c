# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judged on rows as an instance's database gave them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.health.odoo_instance import (
    modules,
    objections,
    queue,
    reconciled,
    scheduled_actions,
    unknown_requests,
)

DIGEST = "registry.example.com/erpops/odoo@sha256:49ba"
OTHER = "registry.example.com/erpops/odoo@sha256:77ff"


def test_modules_by_name() -> None:
    rows = [("stock", "installed", "19.0.1.1"), ("sale", "to upgrade", None)]
    assert modules(rows) == {
        "sale": {"state": "to upgrade", "version": ""},
        "stock": {"state": "installed", "version": "19.0.1.1"},
    }


def test_a_channel_is_as_old_as_its_oldest_job_that_is_owed() -> None:
    rows = [
        ("root", "failed", 2, Decimal("90000.1")),
        ("root", "pending", 3, Decimal("12.4")),
        ("root", "started", 1, Decimal("47.6")),
        ("root.edi", "failed", 1, Decimal("5.0")),
        (None, "wait_dependencies", 1, Decimal("1.0")),
    ]
    found = queue(rows)
    assert found["root"] == {
        "wait_dependencies": 1,
        "pending": 3,
        "enqueued": 0,
        "started": 1,
        "failed": 2,
        "oldest_seconds": 48,
    }
    assert found["root.edi"]["oldest_seconds"] is None
    assert queue([]) == {}


def test_only_an_active_action_is_late() -> None:
    rows = [
        (1, "Base: Auto-vacuum internal data", True, Decimal("-85000.5"), 0),
        (3, "Mail: Email Queue Manager", True, Decimal("900.4"), 2),
        (4, "Publisher: Update Notification", True, Decimal("300.0"), None),
        (6, "Mail: Fetchmail Service", False, Decimal("720.0"), 0),
    ]
    assert scheduled_actions(rows, 300) == {
        "active": 3,
        "inactive": 1,
        "late": [{"id": 3, "name": "Mail: Email Queue Manager", "late_seconds": 900, "failures": 2}],
    }


def info(**changes: Any) -> dict[str, Any]:
    containers = {process: {"image": DIGEST, "reasons": []} for process in ("web", "cron", "jobs")}
    return {
        "name": "north",
        "containers": containers,
        "modules": {"sale": {"state": "installed", "version": "19.0.1.2"}},
        "queue": {"root": {"failed": 0}},
        "scheduled_actions": {"late": []},
        **changes,
    }


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, ""),
        ({"modules": None, "queue": None, "scheduled_actions": None}, ""),
        (
            {"containers": {"web": {"image": DIGEST, "reasons": ["web: expected status 200, found 500"]}}},
            "web: expected status 200, found 500",
        ),
        (
            {"containers": {"web": {"image": DIGEST}, "cron": {"image": OTHER}, "jobs": {"image": ""}}},
            f"containers of north: expected one image, found {DIGEST}, {OTHER}",
        ),
        (
            {"modules": {"sale": {"state": "to upgrade", "version": ""}}},
            "module sale of north: expected to be settled, found to upgrade",
        ),
        ({"queue": {"root": {"failed": 2}}}, "queue root of north: expected no failed jobs, found 2"),
        (
            {"scheduled_actions": {"late": [{"name": "Mail", "late_seconds": 900}]}},
            "scheduled action Mail of north: expected to have run, found 900 s late",
        ),
    ],
)
def test_what_is_wrong_is_said(changes: dict[str, Any], sentence: str) -> None:
    assert objections(info(**changes)) == ([sentence] if sentence else [])


NOTED = """\
{"at": "2026-11-23T08:30:31.547+00:00", "outcome": "unknown", "transaction": "1006", "path": "/web/dataset/call_kw"}
{"at": "2026-11-23T08:30:34.670+00:00", "outcome": "unknown", "transaction": "1008", "path": "/json/2/res.partner"}
{"at": "2026-11-23T08:30:36.845+00:00", "outcome": "partly done", "transaction": "", "path": "/queue_job/runjob"}
{"at": "2026-11-23T08:30:37"""


def test_a_line_that_was_cut_off_is_left_out() -> None:
    assert [request["transaction"] for request in unknown_requests(NOTED)] == ["1006", "1008", ""]
    assert unknown_requests("") == []


def test_what_became_of_each_is_what_the_database_says() -> None:
    found = reconciled(unknown_requests(NOTED), [("1006", "committed"), ("1008", None)])
    assert [(request["transaction"], request["state"]) for request in found] == [
        ("1006", "committed"),
        ("1008", "unknown"),
        ("", "unknown"),
    ]
