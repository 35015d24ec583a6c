# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a container tells the edge that it leaves."""

from __future__ import annotations

from types import ModuleType

import pytest


@pytest.mark.parametrize(
    ("marked_at", "now", "leaves"),
    [
        (None, 1000.0, False),
        (1000.0, 1001.0, True),
        (1000.0, 1119.0, True),
        (1000.0, 1121.0, False),
        (400.0, 1000.0, False),
    ],
    ids=["no mark", "just marked", "still marked", "expired", "meant the container before"],
)
def test_a_mark_holds_for_this_process_and_for_a_while(
    drain: ModuleType, marked_at: float | None, now: float, leaves: bool
) -> None:
    assert drain.draining(marked_at, started_at=500.0, now=now) == leaves
