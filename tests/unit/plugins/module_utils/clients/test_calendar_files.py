# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import itertools
import random

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients.calendar_files import read

from tests.unit.plugins.module_utils.calendars import YEAR, calendar, event, parsed, times

BERLIN = "TZID=Europe/Berlin"
NIGHTS = (f"DTSTART;{BERLIN}:20260327T220000", f"DTEND;{BERLIN}:20260328T060000")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(
            calendar(event(*NIGHTS, "RRULE:FREQ=DAILY;COUNT=3")),
            ["03-27 21:00 - 03-28 05:00", "03-28 21:00 - 03-29 04:00", "03-29 20:00 - 03-30 04:00"],
            id="clocks go forward in the second night",
        ),
        pytest.param(
            calendar(event(f"DTSTART;{BERLIN}:20261024T220000", "DURATION:PT8H", "RRULE:FREQ=DAILY;COUNT=2")),
            ["10-24 20:00 - 10-25 05:00", "10-25 21:00 - 10-26 05:00"],
            id="clocks go back in the first night",
        ),
        pytest.param(
            calendar(event(f"DTSTART;{BERLIN}:20260329T023000", "DURATION:PT1H")),
            ["03-29 01:30 - 03-29 02:30"],
            id="a start that the clock jumps over",
        ),
        pytest.param(
            calendar(
                event(*NIGHTS, "RRULE:FREQ=DAILY;COUNT=4", f"EXDATE;{BERLIN}:20260328T220000"),
                event(
                    f"RECURRENCE-ID;{BERLIN}:20260329T220000",
                    f"DTSTART;{BERLIN}:20260329T200000",
                    f"DTEND;{BERLIN}:20260329T210000",
                ),
            ),
            ["03-27 21:00 - 03-28 05:00", "03-30 20:00 - 03-31 04:00", "03-29 18:00 - 03-29 19:00"],
            id="one left out, one moved",
        ),
        pytest.param(
            calendar(
                event(*NIGHTS, "RRULE:FREQ=DAILY;COUNT=2"),
                event(f"RECURRENCE-ID;{BERLIN}:20260328T220000", *NIGHTS, "STATUS:CANCELLED"),
            ),
            ["03-27 21:00 - 03-28 05:00"],
            id="one called off",
        ),
        pytest.param(
            calendar(event("DTSTART;VALUE=DATE:20260130", "DTEND;VALUE=DATE:20260202"), zone="America/New_York"),
            ["01-30 05:00 - 02-02 05:00"],
            id="whole days over the month's end, in the calendar's zone",
        ),
        pytest.param(
            calendar(event("DTSTART;VALUE=DATE:20260329"), zone="Europe/Berlin"),
            ["03-28 23:00 - 03-29 22:00"],
            id="a whole day of 23 hours",
        ),
        pytest.param(
            calendar(event("DTSTART;VALUE=DATE:20260131", "RRULE:FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=3"), zone="UTC"),
            ["01-31 00:00 - 02-01 00:00", "02-28 00:00 - 03-01 00:00", "03-31 00:00 - 04-01 00:00"],
            id="every last day of a month",
        ),
        pytest.param(
            calendar(event("DTSTART;VALUE=DATE:20260131", "DURATION:P2D"), zone="Pacific/Kiritimati"),
            ["01-30 10:00 - 02-01 10:00"],
            id="whole days that say how long they last",
        ),
        pytest.param(
            calendar(
                event("DTSTART:20260326T220000Z", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=2"), zone="Europe/Berlin"
            ),
            ["03-26 22:00 - 03-26 23:00", "04-02 22:00 - 04-02 23:00"],
            id="what is said in UTC recurs in UTC",
        ),
        pytest.param(
            calendar(event("DTSTART;TZID=W. Europe Standard Time:20260701T220000", "DURATION:PT1H")),
            ["07-01 20:00 - 07-01 21:00"],
            id="a zone as Outlook calls it",
        ),
        pytest.param(
            calendar(
                event("DTSTART:20251231T220000Z", "DURATION:PT4H"),
                event("DTSTART:20270101T000000Z", "DURATION:PT1H", uid="2"),
            ),
            ["12-31 22:00 - 01-01 02:00"],
            id="over midnight into the time that was asked for; another just after it",
        ),
        pytest.param(
            calendar(event(f"DTSTART;{BERLIN}:20260101T080000", "DURATION:PT1H", f"RDATE;{BERLIN}:20260303T080000")),
            ["01-01 07:00 - 01-01 08:00", "03-03 07:00 - 03-03 08:00"],
            id="a date beside the rule",
        ),
    ],
)
def test_when_events_take_place(content: bytes, expected: list[str]) -> None:
    found, faults = parsed(content)
    assert [str(fault) for fault in faults] == []
    assert times(found) == expected


GOOD = ("DTSTART:20260301T220000Z", "DURATION:PT1H")
NAMED = "calendars/test.ics:4: event 'Month end' (1@example.com): "


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"", "calendars/test.ics: calendar: it cannot be read: ", id="empty"),
        pytest.param(b"\x00\xff\xfe", "calendars/test.ics: calendar: it cannot be read: ", id="binary"),
        pytest.param(b"<html>", "calendars/test.ics:1: calendar: it cannot be read: ", id="a page"),
        pytest.param(
            calendar(event(*GOOD)).replace(b"END:VEVENT\r\n", b""), "it cannot be read: ", id="an end is missing"
        ),
        pytest.param(
            calendar(event(*GOOD)) * 2,
            "calendars/test.ics: calendar: it cannot be read: ",
            id="two calendars in one file",
        ),
        pytest.param(
            calendar(event("DTSTART:20260301T220000", "DURATION:PT1H")),
            NAMED + "DTSTART has no zone. Use TZID with a name such as Europe/Berlin, or UTC.",
            id="floating",
        ),
        pytest.param(
            calendar(event("DTSTART:20260301T220000", "DURATION:PT1H"), zone="Europe/Berlin"),
            "(1@example.com): DTSTART has no zone",
            id="floating, though the calendar has a zone",
        ),
        pytest.param(
            calendar(event(*GOOD, "RRULE:FREQ=DAILY;COUNT=3", "EXDATE:20260302T220000")),
            NAMED + "EXDATE has no zone",
            id="an exception without zone",
        ),
        pytest.param(
            calendar(event("DTSTART;TZID=Mars/Base:20260301T220000", "DURATION:PT1H")),
            NAMED + "DTSTART is in the zone 'Mars/Base', which is unknown",
            id="unknown zone",
        ),
        pytest.param(
            calendar(event("DTSTART;VALUE=DATE:20260301")),
            NAMED + "DTSTART is a whole day, and the calendar does not say in which zone. Add X-WR-TIMEZONE",
            id="a whole day nobody knows where",
        ),
        pytest.param(
            calendar(event("DTSTART;VALUE=DATE:20260301"), zone="Mars/Base"),
            "calendars/test.ics: X-WR-TIMEZONE: there is no zone 'Mars/Base'",
            id="a calendar of nowhere",
        ),
        pytest.param(
            calendar(event("DTSTART:2026-03-01T22:00Z", "DURATION:PT1H")),
            NAMED + "DTSTART cannot be read: ",
            id="bad date",
        ),
        pytest.param(calendar(event(*GOOD, "RRULE:FREQ=OFTEN")), NAMED + "RRULE cannot be read: ", id="bad rule"),
        pytest.param(
            calendar(event(*GOOD, "RRULE:FREQ=SECONDLY")),
            NAMED + "it recurs secondly. Let it recur daily",
            id="every second",
        ),
        pytest.param(calendar(event("DURATION:PT1H")), NAMED + "it has no start", id="no start"),
        pytest.param(
            calendar(event(*GOOD, "DTSTART:20260401T220000Z")),
            NAMED + "DTSTART stands twice. Say it once, or make two events of it.",
            id="two starts",
        ),
        pytest.param(
            calendar(event(*GOOD, "STATUS:CANCELLED", "STATUS:CONFIRMED")),
            NAMED + "STATUS stands twice",
            id="two states",
        ),
        pytest.param(
            calendar(event(*GOOD, "RRULE:FREQ=DAILY;COUNT=9", "EXRULE:FREQ=WEEKLY;COUNT=2")),
            NAMED + "EXRULE is out of use, and would be passed over. Name the times that are left out, by EXDATE.",
            id="a rule of exceptions",
        ),
        pytest.param(
            calendar(event(*GOOD), event("DUE:20260301T220000Z", uid="2").replace("VEVENT", "VTODO")),
            "calendars/test.ics:11: VTODO: it is no event, and nobody asks it. Make it an event, or remove it.",
            id="a task",
        ),
        pytest.param(
            calendar(event(*GOOD, "DTEND:20260301T230000Z")), NAMED + "it has DTEND and DURATION", id="two ends"
        ),
        pytest.param(
            calendar(event("DTSTART;VALUE=DATE:20260301", "DURATION:PT12H"), zone="Pacific/Kiritimati"),
            "(1@example.com): it is a whole day, and lasts 12:00:00. Let it begin at a time, or last whole days.",
            id="a part of a whole day",
        ),
        pytest.param(calendar(event("DTSTART:20260301T220000Z")), NAMED + "it has no end", id="no end"),
        pytest.param(
            calendar(event("DTSTART:20260301T220000Z", "DTEND:20260301T210000Z")),
            NAMED + "it ends at 2026-03-01 21:00:00+00:00, and begins at 2026-03-01 22:00:00+00:00",
            id="ends before it begins",
        ),
        pytest.param(
            calendar(event("DTSTART:20260301T220000Z", "DTEND;VALUE=DATE:20260302"), zone="UTC"),
            "(1@example.com): one of DTSTART and DTEND is a whole day, the other is not",
            id="half a day",
        ),
        pytest.param(
            calendar(event(*GOOD), event("DTSTART:20260401T220000Z", "DURATION:PT1H")),
            NAMED + "another event has the same UID",
            id="one UID twice",
        ),
        pytest.param(calendar(event(*GOOD, uid="")), "event 'Month end' (", id="no UID"),
    ],
)
def test_what_is_refused(content: bytes, said: str) -> None:
    found, faults = parsed(content)
    assert not found
    assert said in str(faults[0])


def zoned(hours: int | None) -> bytes:
    """Return a calendar in a zone of its own making, so many hours off; None leaves out what it is."""
    offset = f"{hours or 0:+03}00"
    zone = ["BEGIN:VTIMEZONE", "TZID:Warehouse", "BEGIN:STANDARD", "DTSTART:19700101T000000"]
    zone += [f"TZOFFSETFROM:{offset}", f"TZOFFSETTO:{offset}", "END:STANDARD", "END:VTIMEZONE"]
    return calendar(
        *(zone if hours is not None else []), event("DTSTART;TZID=Warehouse:20260301T120000", "DURATION:PT1H")
    )


@pytest.mark.parametrize("order", list(itertools.permutations((5, -3, None))))
def test_a_zone_of_one_file_is_none_of_another(order: tuple[int | None, ...]) -> None:
    for hours in order:
        found, faults = parsed(zoned(hours))
        if hours is None:
            assert "DTSTART is in the zone 'Warehouse', which is unknown" in str(faults[0])
        else:
            assert times(found) == [f"03-01 {12 - hours:02}:00 - 03-01 {13 - hours:02}:00"]


def test_all_faults_of_a_file_are_said_at_once() -> None:
    floating = [event("DTSTART:20260301T220000", "DURATION:PT1H", uid=str(number)) for number in range(3)]
    _found, faults = parsed(calendar(*floating))
    assert [fault.where.rpartition(":")[2] for fault in faults] == ["4", "11", "18"]


def test_whatever_is_broken_in_a_file_it_is_read_or_refused() -> None:
    whole = calendar(
        event(*NIGHTS, "RRULE:FREQ=DAILY;COUNT=3"), event("DTSTART;VALUE=DATE:20260131", uid="2"), zone="UTC"
    )
    dice = random.Random(1)  # noqa: S311 - the same dice each time
    for _attempt in range(300):
        broken = bytearray(whole)
        for _byte in range(dice.randrange(1, 6)):
            broken[dice.randrange(len(broken))] = dice.randrange(256)
        entries, faults = read("calendars/test.ics", bytes(broken), YEAR)
        assert not (entries and faults)
