# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who looks at Redis is told what was seen, of those that do not answer too."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.health.redis_overview import overview

from tests.unit.plugins.module_utils.redis_recordings import A, B, C, close_look


def seen(name: str) -> dict[str, Any]:
    return overview("sessions", *close_look(name))


def row(found: dict[str, Any], kind: str, address: str) -> dict[str, Any]:
    rows: list[dict[str, Any]] = found[kind]
    return next(entry for entry in rows if entry["address"] == address)


def test_a_healthy_estate() -> None:
    found = seen("healthy")
    assert (found["master"], found["quorum"], found["takes_writes"], found["reasons"]) == (A, True, True, [])
    assert found["min_replicas"] == {"wanted": 1, "in_sync": [B, C]}
    assert found["successors"] == [C, B]
    assert [entry["role"] for entry in found["servers"]] == ["master", "replica", "replica"]
    assert all(entry["agrees"] and entry["quorum"] and entry["knows_others"] == 2 for entry in found["sentinels"])
    assert row(found, "sentinels", B)["watches"] == ["sessions"]


def test_a_replica_tells_how_it_follows() -> None:
    replication = row(seen("healthy"), "servers", B)["replication"]
    assert (replication["master"], replication["link"], replication["priority"]) == (A, "up", 100)
    assert 0 <= replication["lag_bytes"] < 10_000
    assert "replication" not in row(seen("healthy"), "servers", A)


def test_memory_clients_and_persistence_are_numbers_and_words_of_redis() -> None:
    master = row(seen("healthy"), "servers", A)
    assert 0 < master["memory"]["used_bytes"] < master["memory"]["max_bytes"]
    assert master["memory"]["policy"] == "noeviction"
    assert 0 < master["clients"]["connected"] < master["clients"]["max"]
    assert master["persistence"] == {
        "loading": False,
        "appendonly": True,
        "append_status": "ok",
        "rewrite_status": "ok",
        "snapshot_status": "ok",
        "unsaved_changes": master["persistence"]["unsaved_changes"],
    }


@pytest.mark.parametrize(
    ("recording", "kind", "address", "reason", "quorum", "takes_writes"),
    [
        ("replica_stopped", "servers", C, "Connection refused", True, True),
        ("replica_frozen", "servers", B, "expected an answer within 3 s", True, True),
        ("sentinel_stopped", "sentinels", B, "Connection refused", True, True),
        ("no_quorum", "sentinels", C, "expected a quorum, found NOQUORUM 1 usable Sentinels", False, True),
    ],
)
def test_whoever_is_ill_is_a_row_with_the_reason(
    recording: str, kind: str, address: str, reason: str, *, quorum: bool, takes_writes: bool
) -> None:
    found = seen(recording)
    ill = row(found, kind, address)
    assert not ill["healthy"]
    assert reason in "; ".join(ill["reasons"])
    assert reason in "; ".join(found["reasons"])
    assert (found["quorum"], found["takes_writes"]) == (quorum, takes_writes)


def test_one_that_does_not_answer_has_no_figures() -> None:
    assert row(seen("replica_stopped"), "servers", C).keys() == {
        "address",
        "answers",
        "healthy",
        "reasons",
        "role",
        "version",
    }
