# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.calendar_events import Entry, events

from tests.unit.plugins.module_utils.calendars import WORDS, calendar, event, parsed


@pytest.mark.parametrize(
    ("effect", "status", "counts"),
    [
        ("window", "", True),
        ("window", "CONFIRMED", True),
        ("window", "TENTATIVE", False),
        ("window", "CANCELLED", False),
        ("freeze", "TENTATIVE", True),
        ("freeze", "CANCELLED", False),
    ],
)
def test_what_is_pencilled_in_closes_and_does_not_open(effect: str, status: str, counts: bool) -> None:
    entry = Entry(7, "1", "", status, (effect, "month-end", "site:north", "site:south"), ((1, 2),))
    found, faults = events("calendars/a.ics", [entry], WORDS)
    assert not faults
    assert [(one.effect, one.name, one.where, one.spans) for one in found] == [
        (effect, "1", "calendars/a.ics:7", ((1, 2),))
    ] * counts
    assert all(one.scope.limits == {"site": frozenset({"north", "south"})} for one in found)


@pytest.mark.parametrize(
    ("categories", "said"),
    [
        ("", "expected one of window and freeze among its categories, found none. Add the category"),
        ("month-end", "expected one of window and freeze among its categories, found month-end"),
        ("FREEZE,WINDOW", "expected one of window and freeze among its categories, found freeze and window"),
        ("FREEZE,site:nort", "there is no site 'nort'. Did you mean north."),
        ("FREEZE,site:moon", "there is no site 'moon'. Known are north and south."),
        ("FREEZE,environment:prod", "there is no environment 'prod'"),
        ("FREEZE,kind:release", "there is no kind 'release'"),
        ("FREEZE,plane:dmz", "there is no plane 'dmz'. Known are application, data, edge and management."),
        ("WINDOW,enviroment:production", "nothing is known of the category 'enviroment:production'. Did you mean"),
        ("WINDOW,site=north", "nothing is known of the category 'site=north'"),
        ("WINDOW,holiday", "nothing is known of the category 'holiday'"),
    ],
)
def test_categories_that_say_nothing_are_refused(categories: str, said: str) -> None:
    found, faults = parsed(calendar(event("DTSTART:20260301T220000Z", "DURATION:PT1H", categories=categories)))
    assert not found
    assert said in str(faults[0])
    assert str(faults[0]).startswith("calendars/test.ics:4: event 'Month end' (1@example.com): ")


def test_labels_and_capitals_do_no_harm() -> None:
    found, faults = parsed(
        calendar(event("DTSTART:20260301T220000Z", "DURATION:PT1H", categories="Freeze,Month-End,Site:NORTH"))
    )
    assert not faults
    assert found[0].scope.limits == {"site": frozenset({"north"})}
