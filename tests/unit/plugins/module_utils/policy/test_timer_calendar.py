# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures are those between the dates that systemd-analyze calendar --iterations=3000 (version 252) lists."""

from __future__ import annotations

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.timer_calendar import longest_gap_days


@pytest.mark.parametrize(
    ("calendar", "days"),
    [
        ("Sun *-*-* 01:00:00", 7),
        ("Sun *-*-* 01:00:00 UTC", 7),
        ("  Sunday   1:00 ", 7),
        ("Sun", 7),
        ("weekly", 7),
        ("Mon..Sat *-*-* 01:00:00", 2),
        ("Mon-Fri 01:00", 3),
        ("Mon..Wed,Sat 01:00", 3),
        ("Sat,Mon..Wed 01:00", 3),
        ("Sat *-*-1..7 18:00:00", 35),
        ("*-*-* 01,13:00", 1),
        ("*-*-* *:*", 1),
        ("01:00", 1),
        ("hourly", 1),
        ("Daily", 1),
        ("*-*-01 03:00", 31),
        ("monthly", 31),
        ("*-*-1,15 03:00", 17),
        ("*-01,07-01", 184),
        ("semiannually", 184),
        ("1-15 02:00", 366),
        ("Thu *-04-02", 4018),
        ("Thu *-02-29", 10227),
        ("Tuesday..FRI 02:00:30.5 Europe/Berlin", 4),
        ("*-*-* *:0/15:00", 1),
    ],
)
def test_the_longest_gap(calendar: str, days: int) -> None:
    assert longest_gap_days(calendar) == days


@pytest.mark.parametrize(
    "calendar",
    [
        "",
        "Foo 01:00",
        "Sun,Foo 01:00",
        "Sundae 01:00",
        "Mon..Frites 01:00",
        "2026-11-05T10:00",
        "*-*-*T10:00",
        "10:00:00:00",
        "10:",
        "Fri..Mon 02:00",
        "2026-11-05",
        "*-02-30",
        "*-13-01",
        "*-*-0",
        "*-*~01",
        "*-*-1/14 03:00",
        "*-*-*/10 00:00",
        "Sun *-*-* 01:00:00 UTC again",
        "every Sunday",
    ],
)
def test_what_cannot_be_told(calendar: str) -> None:
    assert longest_gap_days(calendar) is None
