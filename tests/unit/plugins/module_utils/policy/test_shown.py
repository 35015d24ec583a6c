# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is shown of a change, and that no secret is."""

from __future__ import annotations

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.shown import Difference, steps


@pytest.mark.parametrize(
    ("before", "after", "secret", "shown"),
    [
        ("1", "2", False, ("x: 1\n", "x: 2\n")),
        (None, "2", False, ("", "x: 2\n")),
        ("1", None, False, ("x: 1\n", "")),
        ("hunter1", "hunter2", True, ("x: (secret)\n", "x: (secret), another\n")),
        (None, "hunter2", True, ("", "x: (secret), new\n")),
        ("hunter1", None, True, ("x: (secret)\n", "")),
    ],
)
def test_a_line_for_each_side(before: str | None, after: str | None, secret: bool, shown: tuple[str, str]) -> None:
    found = Difference()
    found.add("x", before, after, secret=secret)
    assert tuple(found.as_dict().values()) == shown
    assert "hunter" not in str(found)


def test_a_plan_is_what_was_not_there_before() -> None:
    assert steps(["role a: create", "role b: create"]) == {"before": "", "after": "role a: create\nrole b: create\n"}
    assert steps([]) == {"before": "", "after": ""}
