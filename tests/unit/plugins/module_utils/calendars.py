# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calendar files for tests, written as calendar programs write them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from ansible_collections.erpops.estate.plugins.module_utils.clients.calendar_files import read
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.calendar import Calendars, Event
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.calendar_events import events
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.words import Vocabulary
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_model import Finding

YEAR = (int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()), int(datetime(2027, 1, 1, tzinfo=UTC).timestamp()))
WORDS = Vocabulary(
    instances=frozenset({"lakeland", "harbor"}),
    rings=frozenset({"pilot", "main"}),
    sites=frozenset({"north", "south"}),
    labels=frozenset({"month-end"}),
)


def calendar(*parts: str, zone: str = "") -> bytes:
    head = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//example//calendar//EN"]
    head += [f"X-WR-TIMEZONE:{zone}"] if zone else []
    return ("\r\n".join([*head, *parts, "END:VCALENDAR"]) + "\r\n").encode()


def event(*lines: str, uid: str = "1@example.com", summary: str = "Month end", categories: str = "FREEZE") -> str:
    said = [f"CATEGORIES:{categories}"] if categories else []
    return "\r\n".join(["BEGIN:VEVENT", f"UID:{uid}", f"SUMMARY:{summary}", *said, *lines, "END:VEVENT"])


def parsed(content: bytes, file: str = "calendars/test.ics") -> tuple[list[Event], list[Finding]]:
    entries, faults = read(file, content, YEAR)
    found, more = events(file, entries, WORDS)
    return found, [*faults, *more]


def calendars(*contents: bytes) -> Calendars:
    """Return the calendars of the year; nothing may be wrong with them."""
    found: list[Event] = []
    for content in contents:
        one, faults = parsed(content)
        assert not faults, [str(fault) for fault in faults]
        found += one
    return Calendars(tuple(found), YEAR)


def times(found: Sequence[Event]) -> list[str]:
    """Return every start and end in UTC."""
    return [
        " - ".join(f"{datetime.fromtimestamp(second, UTC):%m-%d %H:%M}" for second in span)
        for one in found
        for span in one.spans
    ]
