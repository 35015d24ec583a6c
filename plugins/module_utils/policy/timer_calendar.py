# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far apart the days are on which a systemd timer fires, from its OnCalendar (systemd.time(7)). Pure."""

from __future__ import annotations

import re
from datetime import date, timedelta
from itertools import pairwise

_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WEEKDAYS = {word: number for number, name in enumerate(_NAMES) for word in (name, name[:3])}
NAMED = {
    "minutely": "*-*-*",
    "hourly": "*-*-*",
    "daily": "*-*-*",
    "weekly": "Mon *-*-*",
    "monthly": "*-*-01",
    "quarterly": "*-01,04,07,10-01",
    "semiannually": "*-01,07-01",
    "biannually": "*-01,07-01",
    "bi-annually": "*-01,07-01",
    "yearly": "*-01-01",
    "annually": "*-01-01",
}
_WEEKDAYS = re.compile(r"[A-Za-z][A-Za-z,.-]*")
# Without repetition (1/14), in which systemd 252 leaves out the first of January, and without years.
_DATE = re.compile(r"(?:\*-)?([0-9*,.]+)-([0-9*,.]+)")
_TIME = re.compile(r"[0-9*,./]+(?::[0-9*,./]+){1,2}")
_PART = re.compile(r"(\*)|(\d+)(?:\.\.(\d+))?")
# Every position of the days of a year in the week, with each kind of leap year, comes once in 28 years; twice as
# many hold each gap from its beginning to its end.
_FIRST, _YEARS = date(2001, 1, 1), 56


def longest_gap_days(calendar: str) -> int | None:
    """Return the most days from one on which it fires to the next, None where that cannot be told.

    What fires on every day, however often, does so one day apart.
    """
    given = " ".join(calendar.split())
    words = NAMED.get(given.lower(), given).split(" ")
    weekdays = _weekdays(words.pop(0)) if _names_weekdays(words[0]) else set(range(7))
    months, days = set(range(1, 13)), set(range(1, 32))
    if words and (found := _DATE.fullmatch(words[0])):
        words.pop(0)
        months, days = _numbers(found[1], 1, 12), _numbers(found[2], 1, 31)
    # What is left is a time of the day, and perhaps its zone.
    if words and (not _TIME.fullmatch(words[0]) or len(words) > 2):
        return None
    return _longest(weekdays, months, days)


def _longest(weekdays: set[int], months: set[int], days: set[int]) -> int | None:
    every = (_FIRST + timedelta(days=number) for number in range(366 * _YEARS))
    fires = [day for day in every if day.weekday() in weekdays and day.month in months and day.day in days]
    return max(((after - before).days for before, after in pairwise(fires)), default=None)


def _names_weekdays(word: str) -> bool:
    return bool(_WEEKDAYS.fullmatch(word)) and word[:3].lower() in WEEKDAYS


def _weekdays(word: str) -> set[int]:
    found: set[int] = set()
    for part in word.lower().split(","):
        first, _range, last = part.replace("..", "-").partition("-")
        if first not in WEEKDAYS or (last and last not in WEEKDAYS):
            return set()
        found |= set(range(WEEKDAYS[first], WEEKDAYS[last or first] + 1))
    return found


def _numbers(text: str, low: int, high: int) -> set[int]:
    found: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if not match:
            return set()
        begin, end = (low, high) if match[1] else (int(match[2]), int(match[3] or match[2]))
        found |= set(range(begin, end + 1))
    return found
