# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a run may take: what the change wishes, and what is known of its steps."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.change import kept
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.gate import verdict
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.plan import Estimates

from tests.unit.plugins.module_utils.policy.change.test_gate import hours
from tests.unit.plugins.module_utils.policy.change.worlds import CHANGE, NOW, PLAN_STEPS, governance, plan, run


@pytest.mark.parametrize(
    ("wished", "said", "upcoming"),
    [
        ((-1, 2), [], 0),
        ((-1, 1), [], 0),
        (
            (-1, 0.99),
            ["window: expected 60 min that are left, found that the change's own time ends at"],
            None,
        ),
        ((1, 2), ["change: expected to run from 2026-03-11T00:00:00+00:00 to 2026-03-11T01:00:00+00:00 as CHG-1"], 1),
        (
            (-2, -1),
            ["change: expected to run from 2026-03-10T21:00:00+00:00 to 2026-03-10T22:00:00+00:00 as CHG-1"],
            None,
        ),
    ],
)
def test_what_remains_fits_into_the_time_that_the_change_wishes(
    wished: tuple[float, float], said: list[str], upcoming: float | None
) -> None:
    """The plan takes half an hour, and the rule's margin is another; the window is open from an hour ago for four."""
    change = replace(CHANGE, window=(NOW + hours(wished[0]), NOW + hours(wished[1])))
    found = verdict(governance(changes={CHANGE.id: change}), run())
    assert [reason[: len(text)] for reason, text in zip(found.reasons, said, strict=True)] == said
    assert found.facts["next_opening"] == (None if upcoming is None else (NOW + hours(upcoming)).isoformat())
    rushed = verdict(governance(changes={CHANGE.id: change}), run(done=frozenset({"drain", "restart"})))
    assert rushed.ok is (wished[0] < 0 < wished[1])


def test_a_plan_takes_no_less_than_what_is_known_here() -> None:
    """Its file says that it takes no time, and the window is open for three hours more."""
    quick = plan(steps=tuple(replace(step, seconds=0) for step in PLAN_STEPS), rollback_seconds=0)
    assert verdict(governance(), run(quick)).ok
    known = Estimates({"drain": 3600, "restart": 3 * 3600}, 2 * 3600)
    assert verdict(governance(), run(quick, known=known)).reasons == (
        "window: expected 270 min that are left, found that the window closes at 2026-03-11 02:00 UTC",
        "tier: expected lakeland (critical) to be back within 60 min, found a rollback of 7200 s",
    )
    left = replace(known, rollback_seconds=0)
    assert not verdict(governance(), run(quick, known=left, done=frozenset({"drain"}))).ok
    assert verdict(governance(), run(quick, known=left, done=frozenset({"restart"}))).ok
    assert kept.lock_wanted(quick, "x", (), NOW, left).expires - NOW > hours(8)
    assert verdict(governance(), run(known=Estimates({"drain": 1}))).ok, (
        "the plan's own figures count where they are more"
    )
