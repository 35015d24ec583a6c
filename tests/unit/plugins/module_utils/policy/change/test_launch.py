# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.change import approvals
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.approvals import (
    LAUNCH,
    NAMESPACES,
    Approval,
    Asked,
    tally,
)
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.launch import launched
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.situation import Launcher

from tests.unit.plugins.module_utils.policy.change.worlds import NOW, PEOPLE, approval, plan

PLAN = plan()
ASKED = Asked(PLAN.digest, PLAN.change, PLAN.estate, "production", requester="gus", launcher="")
MINUTE = timedelta(minutes=1)


def launch(person: str = "eve", **more: Any) -> Approval:
    one = approval(person, PLAN, decision=LAUNCH, given=NOW - MINUTE, expires=NOW + 10 * MINUTE)
    return replace(one, **more)


def test_who_signed_a_moment_ago_is_the_launcher() -> None:
    assert launched([launch(), approval("ada", PLAN)], ASKED, NOW) == (Launcher("eve", "signature"), [])
    assert launched([launch(), launch(given=NOW)], ASKED, NOW)[0].person == "eve"
    assert launched([approval("ada", PLAN)], ASKED, NOW) == (Launcher(), [])


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"fault": "forged"}, "forged"),
        ({"plan": "sha256:" + "1" * 64}, "it is for plan sha256:1111"),
        ({"estate": "other"}, "it is for estate other, and this is shared"),
        ({"expires": NOW}, "it expired at"),
        ({"given": NOW + MINUTE}, "which is still to come"),
        ({"expires": NOW + 60 * MINUTE}, "it is meant to last for 1:01:00, more than 1:00:00"),
    ],
)
def test_what_launches_nothing(more: dict[str, Any], why: str) -> None:
    found, refused = launched([launch(**more)], ASKED, NOW)
    assert found == Launcher()
    assert refused[0].startswith("launcher: the launch of eve does not count: ")
    assert why in refused[0]


def test_two_people_are_nobody() -> None:
    assert launched([launch(), launch("flo")], ASKED, NOW) == (
        Launcher(),
        ["launcher: expected one, found launches of eve, flo"],
    )


def test_a_launch_approves_nothing_and_is_signed_for_something_else() -> None:
    assert not tally([launch("ada")], ASKED, {"release-manager": 1}, PEOPLE, NOW).counted
    assert NAMESPACES[LAUNCH] != NAMESPACES["approve"]
    assert approvals.approval(launch().document()) == launch()
