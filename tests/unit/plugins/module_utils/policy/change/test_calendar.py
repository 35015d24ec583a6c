# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.calendar import Calendars, Opening, opening
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.words import Part, Target

from tests.unit.plugins.module_utils.calendars import YEAR, calendar, calendars, event

TARGET = Target("production", "patch", (Part("lakeland", "main", "north", "application"),))
NIGHT = event(
    "DTSTART:20260310T220000Z", "DURATION:PT4H", "RRULE:FREQ=WEEKLY", uid="w", summary="Tuesday", categories="WINDOW"
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=UTC)


def asked(found: Calendars, when: str, minutes: float = 60, target: Target = TARGET, **more: Any) -> Opening:
    return opening(found, target, now=at(when), needed_seconds=60 * minutes, **more)


def freeze(start: str, hours: float, categories: str = "FREEZE", uid: str = "f") -> str:
    length = f"DURATION:PT{round(60 * hours)}M"
    return event(f"DTSTART:{start}", length, uid=uid, summary="Month end", categories=categories)


WEEKLY = calendar(NIGHT)


@pytest.mark.parametrize(
    ("when", "minutes", "objection"),
    [
        ("03-10 22:00", 60, ""),
        ("03-11 01:00", 60, ""),
        ("03-10 21:59", 1, "window: expected one that is open now for instance lakeland, ring main, site north, plane"),
        (
            "03-11 01:01",
            60,
            "window: expected 60 min that are left, found that the window closes at 2026-03-11 02:00 UTC",
        ),
        ("03-11 02:00", 0, "found the next to be window 'Tuesday' (calendars/test.ics:4) from 2026-03-17 22:00 UTC"),
        ("03-10 22:00", 241, "window: expected 241 min that are left"),
        ("12-31 22:00", 0, "found none, and none later"),
    ],
)
def test_a_window_is_open_and_long_enough(when: str, minutes: float, objection: str) -> None:
    found = asked(calendars(WEEKLY), when, minutes)
    assert any(objection in said for said in found.objections) if objection else not found.objections


@pytest.mark.parametrize(
    ("freezes", "when", "objections"),
    [
        ([], "03-10 23:00", []),
        (
            [freeze("20260310T000000Z", 48)],
            "03-10 23:00",
            ["freeze: freeze 'Month end' (calendars/test.ics:4) is on until 2026-03-12 00:00 UTC"],
        ),
        (
            [freeze("20260310T233000Z", 1)],
            "03-10 23:00",
            [
                (
                    "window: expected 60 min that are left, found that freeze 'Month end' (calendars/test.ics:4) "
                    "begins at 2026-03-10 23:30 UTC"
                )
            ],
        ),
        ([freeze("20260310T200000Z", 3)], "03-10 23:00", []),
        ([freeze("20260311T000000Z", 3)], "03-10 23:00", []),
        (
            [freeze("20260310T200000Z", 4, uid="1"), freeze("20260310T220000Z", 4, uid="2")],
            "03-10 23:00",
            [
                "freeze: freeze 'Month end' (calendars/test.ics:4) is on until 2026-03-11 00:00 UTC",
                "freeze: freeze 'Month end' (calendars/test.ics:11) is on until 2026-03-11 02:00 UTC",
            ],
        ),
        ([freeze("20260310T220000Z", 4, "FREEZE,environment:staging")], "03-10 23:00", []),
        ([freeze("20260310T220000Z", 4, "FREEZE,site:south")], "03-10 23:00", []),
        ([freeze("20260310T220000Z", 4, "FREEZE,kind:migration,kind:drill")], "03-10 23:00", []),
        ([freeze("20260310T220000Z", 4, "FREEZE,ring:pilot")], "03-10 23:00", []),
        ([freeze("20260310T220000Z", 4, "FREEZE,plane:data")], "03-10 23:00", []),
        ([freeze("20260310T220000Z", 4, "FREEZE,instance:harbor")], "03-10 23:00", []),
    ],
)
def test_a_freeze_wins(freezes: list[str], when: str, objections: list[str]) -> None:
    assert list(asked(calendars(WEEKLY, calendar(*freezes)), when).objections) == objections


@pytest.mark.parametrize(
    "limits",
    [
        "environment:production",
        "site:north",
        "kind:patch,kind:drill",
        "ring:main",
        "plane:application",
        "instance:lakeland",
    ],
)
def test_a_freeze_of_a_part_freezes_what_touches_it(limits: str) -> None:
    found = calendars(WEEKLY, calendar(freeze("20260310T220000Z", 4, f"FREEZE,{limits}")))
    assert asked(found, "03-10 23:00").freezes
    wider = Target("production", "patch", (Part("harbor", "pilot", "south", "data"), *TARGET.parts))
    assert asked(found, "03-10 23:00", target=wider).freezes
    assert asked(found, "03-10 23:00", target=Target("production", "patch")).freezes, "what is not known may be meant"


def test_every_part_needs_a_window_and_they_may_be_several() -> None:
    def window(categories: str, start: str, uid: str) -> str:
        return event(f"DTSTART:20260310T{start}0000Z", "DURATION:PT4H", uid=uid, summary=uid, categories=categories)

    found = calendars(calendar(window("WINDOW,site:north", "20", "north"), window("WINDOW,site:south", "22", "south")))
    both = Target("production", "patch", (Part(site="north"), Part(site="south")))
    assert not asked(found, "03-10 22:00", 120, both).objections
    assert asked(found, "03-10 21:00", 60, both).objections == (
        (
            "window: expected one that is open now for site south, found the next to be window 'south' "
            "(calendars/test.ics:11) from 2026-03-10 22:00 UTC"
        ),
    )
    assert asked(found, "03-10 21:00", 60, both).next == at("03-10 22:00")
    assert asked(found, "03-10 22:00", 121, both).objections
    nowhere = Target("production", "patch", (Part(),))
    assert asked(found, "03-10 22:00", 60, nowhere).objections, "a window of a site covers nothing without a site"


def test_windows_that_touch_are_one() -> None:
    two = [
        event(f"DTSTART:20260310T{hour}0000Z", "DURATION:PT2H", uid=hour, categories="WINDOW") for hour in ("20", "22")
    ]
    assert not asked(calendars(calendar(*two)), "03-10 21:00", 180).objections


def test_what_is_pencilled_in_closes_and_does_not_open() -> None:
    tentative = "STATUS:TENTATIVE\r\nSUMMARY:"
    assert asked(calendars(WEEKLY.replace(b"SUMMARY:", tentative.encode())), "03-10 23:00").objections
    draft = calendar(freeze("20260310T220000Z", 4)).replace(b"SUMMARY:", tentative.encode())
    assert asked(calendars(WEEKLY, draft), "03-10 23:00").freezes
    off = draft.replace(b"TENTATIVE", b"CANCELLED")
    assert not asked(calendars(WEEKLY, off), "03-10 23:00").objections


def test_without_need_of_a_window_freezes_still_count() -> None:
    found = calendars(calendar(freeze("20260310T220000Z", 4)))
    assert not asked(found, "03-10 20:00", 120, window=False).objections
    assert asked(found, "03-10 20:00", 121, window=False).objections
    assert asked(found, "03-10 22:00", window=False).freezes
    assert not asked(found, "03-10 22:00", window=False, freeze=False).objections


@pytest.mark.parametrize(
    ("when", "minutes", "closes", "next_one"),
    [
        ("03-10 23:00", 60, "03-11 02:00", "03-10 23:00"),
        ("03-10 12:00", 60, None, "03-10 22:00"),
        ("03-11 01:30", 60, "03-11 02:00", "03-17 23:30"),
        ("03-12 12:00", 180, None, "03-24 22:00"),
        ("03-12 12:00", 600, None, None),
    ],
)
def test_the_next_opening_is_long_enough(when: str, minutes: float, closes: str | None, next_one: str | None) -> None:
    found = asked(calendars(WEEKLY, calendar(freeze("20260317T220000Z", 1.5))), when, minutes)
    assert found.closes == (at(closes) if closes else None)
    assert found.next == (at(next_one) if next_one else None)


def test_beyond_what_was_read_nothing_is_open() -> None:
    for now in (YEAR[0] - 1, YEAR[1], YEAR[1] + 1):
        moment = datetime.fromtimestamp(now, UTC)
        assert opening(Calendars((), YEAR), TARGET, now=moment, needed_seconds=1, window=False).objections
    last = datetime.fromtimestamp(YEAR[1], UTC) - timedelta(hours=1)
    found = opening(Calendars((), YEAR), TARGET, now=last, needed_seconds=3601, window=False)
    assert "found that the calendars were read no further at 2027-01-01 00:00 UTC" in found.objections[0]
