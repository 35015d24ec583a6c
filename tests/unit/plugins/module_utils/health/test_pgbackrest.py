# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What pgBackRest's account of a repository means. The answers were recorded from pgBackRest 2.55."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.health.pgbackrest import (
    HOUR,
    Repository,
    archive_rows,
    backup_rows,
    judge,
    young_enough,
)

FIXTURES = Path(__file__).parents[3] / "fixtures" / "pgbackrest"


def answer(name: str) -> Any:
    return json.loads((FIXTURES / f"info-{name}.json").read_text(encoding="utf-8"))[0]


def recorded(name: str) -> Repository:
    return Repository.from_info(answer(name))


@pytest.mark.parametrize(
    ("name", "exists", "has_full", "newest"),
    [
        pytest.param("missing-stanza", False, False, "", id="nothing yet"),
        pytest.param("no-backups", True, False, "", id="stanza without backups"),
        pytest.param("full-and-incremental", True, True, "20261123-012634F_20261123-012748I", id="two backups"),
        pytest.param("corrupt-pages", True, True, "corrupt", id="a backup with damaged pages"),
        pytest.param("store-down", True, False, "", id="store down"),
    ],
)
def test_repository(name: str, exists: bool, has_full: bool, newest: str) -> None:
    repository = recorded(name)
    assert (repository.exists, repository.has_full) == (exists, has_full)
    label = repository.newest.label if repository.newest else ""
    assert label == newest or (newest == "corrupt" and label.endswith("F"))


@pytest.mark.parametrize(
    ("name", "age_hours", "complaints"),
    [
        pytest.param("full-and-incremental", 1, [], id="fresh"),
        pytest.param("full-and-incremental", 51, ["expected a backup of the last 50 h"], id="too old"),
        pytest.param("corrupt-pages", 1, ["found pages with wrong checksums"], id="damaged pages"),
        pytest.param(
            "missing-stanza", 1, ["found missing stanza path", "expected a full backup, found none"], id="nothing yet"
        ),
        pytest.param(
            "no-backups",
            1,
            ["found no valid backups", "expected a full backup, found none", "expected WAL in the archive"],
            id="stanza without backups",
        ),
        pytest.param("store-down", 1, ["found [HostConnectError] unable to connect"], id="store down"),
    ],
)
def test_judge(name: str, age_hours: float, complaints: list[str]) -> None:
    repository = recorded(name)
    finished = repository.newest.finished_at if repository.newest else 0.0
    verdict = judge(repository, now=finished + age_hours * HOUR, max_age_hours=50)
    assert verdict.ok is not bool(complaints)
    for complaint, reason in zip(complaints, verdict.reasons, strict=True):
        assert complaint in reason
        assert reason.startswith("stanza lab: ")


def test_a_store_that_is_down_says_nothing_of_its_backups() -> None:
    assert not recorded("store-down").readable
    assert recorded("missing-stanza").readable


def test_a_stanza_that_was_cut_short_is_made_again() -> None:
    cut_short = Repository("lab", 3, "missing stanza data", (), "")
    assert not cut_short.exists


def test_a_backup_is_told_with_what_a_restore_needs() -> None:
    full, incremental = backup_rows(answer("full-and-incremental"), now=1795397269 + 2 * HOUR)
    assert full["label"] == "20261123-012634F"
    assert incremental == {
        "label": "20261123-012634F_20261123-012748I",
        "type": "incr",
        "started_at": "2026-11-23T01:27:48+00:00",
        "finished_at": "2026-11-23T01:27:49+00:00",
        "duration_seconds": 1,
        "age_hours": 2.0,
        "size_bytes": 23543521,
        "repository_bytes": 1640,
        "wal_start": "000000020000000000000010",
        "wal_stop": "000000020000000000000010",
        "depends_on": ["20261123-012634F"],
        "error": False,
    }


@pytest.mark.parametrize("name", ["missing-stanza", "no-backups", "store-down"])
def test_where_there_is_none_none_is_told(name: str) -> None:
    assert backup_rows(answer(name), now=0) == []


def test_the_archive_is_told_by_its_ends() -> None:
    assert archive_rows(answer("full-and-incremental")) == [
        {"id": "17-1", "first": "000000020000000000000008", "last": "000000020000000000000010"}
    ]
    assert archive_rows(answer("store-down")) == []


@pytest.mark.parametrize(
    ("name", "kind", "age_hours", "found"),
    [
        ("full-and-incremental", "incr", 1, "20261123-012634F_20261123-012748I"),
        ("full-and-incremental", "diff", 1, "20261123-012634F"),
        ("full-and-incremental", "full", 1, "20261123-012634F"),
        ("full-and-incremental", "full", 1.03, ""),
        ("full-and-incremental", "incr", 1.03, "20261123-012634F_20261123-012748I"),
        ("corrupt-pages", "full", 0, ""),
        ("no-backups", "incr", 1, ""),
    ],
)
def test_a_backup_with_more_in_it_will_do(name: str, kind: str, age_hours: float, found: str) -> None:
    repository = recorded(name)
    newest = repository.newest.finished_at if repository.newest else 0
    young = young_enough(repository, kind, now=newest + age_hours * HOUR, max_age_hours=1.04)
    assert (young.label if young else "") == found


def test_whether_one_is_running() -> None:
    assert recorded("running").running
    assert not recorded("full-and-incremental").running
    assert not recorded("store-down").running
