# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.evidence.unfinished import STILL, unfinished

ALLOWED = {"n": 2, "event": "allowed", "run": "r1", "launcher": "eve"}
KILLED = {"n": 5, "event": "interrupted", "run": "r1", "found": "its process is gone"}
CLOSED = {"n": 6, "event": "closed", "run": "r1"}
OTHER = {**ALLOWED, "n": 4, "run": "r2"}


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([], []),
        ([ALLOWED], [(2, f"never closed: {STILL}")]),
        ([ALLOWED, KILLED], [(2, "killed: its process is gone, as entry 5 says")]),
        ([ALLOWED, CLOSED], []),
        ([ALLOWED, KILLED, CLOSED], []),
        ([CLOSED], []),
        ([KILLED], [(5, "killed: its process is gone, as entry 5 says")]),
        ([ALLOWED, OTHER, CLOSED], [(4, f"never closed: {STILL}")]),
    ],
)
def test_runs_that_left_no_record_are_found(entries: list[dict[str, Any]], expected: list[tuple[int, str]]) -> None:
    assert [(found.n, found.end) for found in unfinished(entries)] == expected
