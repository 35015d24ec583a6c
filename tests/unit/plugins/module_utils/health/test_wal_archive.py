# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.health.wal_archive import Queue, objections, shown

NOW = 1_773_140_400.0  # 2026-03-10T11:00:00Z


@pytest.mark.parametrize(
    ("queue", "waits", "point"),
    [
        pytest.param(Queue(0, 0.0, NOW, 60), 0.0, "2026-03-10T10:59:00+00:00", id="none: what the open segment holds"),
        pytest.param(Queue(3, NOW - 900, NOW, 60), 900.0, "2026-03-10T10:44:00+00:00", id="the first with its own"),
        pytest.param(Queue(1, NOW + 5, NOW, 60), 0.0, "2026-03-10T10:59:00+00:00", id="completed while it was asked"),
        pytest.param(Queue(0, 0.0, NOW, 0), 0.0, "", id="no archive_timeout, no bound"),
    ],
)
def test_what_could_be_restored(queue: Queue, waits: float, point: str) -> None:
    assert shown(queue) == {
        "segments": queue.segments,
        "waits_seconds": waits,
        "failed": "",
        "recovery_point": point,
    }


LATE = "WAL: expected to be in the repository within 10 min, found 2 segments waiting, the first for 11 min"


@pytest.mark.parametrize(
    ("waits", "failed", "said"),
    [
        (599, "", []),
        (660, "", [f"{LATE}; see docs/backup.md"]),
        (660, "0000000A", [f"{LATE}; the last try, of 0000000A, failed; see docs/backup.md"]),
    ],
)
def test_an_archive_that_stands_still_is_said(waits: float, failed: str, said: list[str]) -> None:
    assert list(objections(Queue(2, NOW - waits, NOW, 60, failed), max_minutes=10)) == said
