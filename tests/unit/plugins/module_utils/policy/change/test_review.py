# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import timedelta

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.review import objection
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.situation import Review

from tests.unit.plugins.module_utils.policy.change.worlds import NOW, PEOPLE, RULES


@pytest.mark.parametrize(
    ("ran", "person", "said"),
    [
        ("flo", "ada", ""),
        ("flo", "flo", "expected somebody else than flo to close that of CHG-0, who ran it"),
        ("ada", "ada", "expected somebody else than ada"),
        ("flo", "ben", "expected a role of release-manager to close that of CHG-0, found ben without"),
        ("flo", "zoe", "found zoe without"),
        ("flo", "", "found nobody without"),
    ],
)
def test_a_second_person_with_the_role_closes_it(ran: str, person: str, said: str) -> None:
    found = objection(
        Review("CHG-0", ran, NOW, NOW + timedelta(hours=72)), person, RULES.break_glass["production"], PEOPLE
    )
    assert said in found
    assert bool(found) is bool(said)
