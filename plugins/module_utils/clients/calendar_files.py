# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calendar files (iCalendar, RFC 5545): text becomes plain data, by icalendar and recurring-ical-events.

Both libraries are lenient where a gate must not be: they drop a property they cannot read, take an unknown zone for
none, swap an end that lies before its start, and keep one of two events with the same UID. Each is refused here, as is
what they pass over: rules of exceptions (EXRULE), and tasks among the events.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import MissingLibrary
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.calendar_events import Entry, event_finding
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.spans import Span
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_model import Finding

TIMES = ("DTSTART", "DTEND", "RECURRENCE-ID", "RDATE", "EXDATE")
# What an event says once; of two, a library takes either.
ONCE = ("UID", "DTSTART", "DTEND", "DURATION", "RECURRENCE-ID", "STATUS", "SUMMARY")
# Beside events: a task, an entry or a time that is taken opens and closes nothing, whatever its categories say.
NO_EVENT = ("VTODO", "VJOURNAL", "VFREEBUSY", "VAVAILABILITY")
TOO_OFTEN = ("SECONDLY", "MINUTELY", "HOURLY")
# Beyond the time that is asked for, so that events of whole days are found in every zone.
MARGIN = timedelta(days=2)
LINE = "X-ERPOPS-LINE"
# Whatever a library makes of a file that is none.
UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError)


def read(file: str, content: bytes, asked: Span) -> tuple[list[Entry], list[Finding]]:
    """Return the events of a file, each with the times it takes place within the time asked for, or what is wrong."""
    try:
        import icalendar
        from icalendar.timezone import tzp
    except ImportError as error:
        raise MissingLibrary(
            "calendars", expected="icalendar and recurring-ical-events", found=str(error), remedy="install them here"
        ) from error
    # Otherwise a zone that another file defines by itself would be this one's, too.
    tzp.use_zoneinfo()
    try:
        calendar = icalendar.Calendar.from_ical(content)
        broken = [(part.name, name, problem) for part in calendar.walk() for name, problem in part.errors]
        parts = list(zip(calendar.walk("VEVENT"), _lines(content, "VEVENT"), strict=True))
    except UNREADABLE as error:
        return [], [_unreadable(file, content, error)]
    zone, zone_faults = _zone(file, calendar)
    faults = [
        *zone_faults,
        *_no_events(file, content),
        *(f for part, line in parts for f in _faults(file, line, part, zone)),
        *_twice(file, parts),
    ]
    faults += [
        Finding(
            _place(file, content, str(problem)),
            str(part),
            f"{name or 'its text'} cannot be read: {problem}",
            "Mend it, or export it again",
        )
        for part, name, problem in broken
        if part != "VEVENT"
    ]
    if faults:
        return [], faults
    try:
        return _entries(calendar, parts, zone, asked), []
    except UNREADABLE as error:
        return [], [_unreadable(file, content, error)]


def _unreadable(file: str, content: bytes, error: Exception) -> Finding:
    found = str(error).splitlines()[0] if str(error) else type(error).__name__
    return Finding(
        _place(file, content, found),
        "calendar",
        f"it cannot be read: {found}",
        "Export it again as iCalendar (RFC 5545)",
    )


def _place(file: str, content: bytes, problem: str) -> str:
    """Return file and line: the library shows the line that it stumbled over, and not which one it is."""
    lines = enumerate(content.decode("utf-8", errors="replace").splitlines(), start=1)
    number = next((number for number, line in lines if line.strip() and repr(line.strip()) in problem), None)
    return f"{file}:{number}" if number else file


def _lines(content: bytes, kind: str) -> list[int]:
    lines = content.decode("utf-8", errors="replace").splitlines()
    return [number for number, line in enumerate(lines, start=1) if line.strip().upper() == f"BEGIN:{kind}"]


def _no_events(file: str, content: bytes) -> Iterator[Finding]:
    for kind in NO_EVENT:
        for line in _lines(content, kind):
            yield Finding(
                f"{file}:{line}", kind, "it is no event, and nobody asks it", "Make it an event, or remove it"
            )


def _zone(file: str, calendar: Any) -> tuple[tzinfo | None, list[Finding]]:
    """Return the calendar's own zone: where its whole days begin."""
    name = str(calendar.pop("X-WR-TIMEZONE", ""))
    if not name:
        return None, []
    try:
        return ZoneInfo(name), []
    except (ValueError, LookupError, OSError):
        return None, [Finding(file, "X-WR-TIMEZONE", f"there is no zone {name!r}", "Use a name such as Europe/Berlin")]


def _faults(file: str, line: int, event: Any, zone: tzinfo | None) -> Iterator[Finding]:
    named = _named(event)
    if event.errors:
        for name, said in event.errors:
            problem = f"{name or 'a line'} cannot be read: {said}"
            yield event_finding(file, line, named, problem, "Mend it, or remove the event")
        return
    spelling = list(_spelling(file, line, named, event))
    yield from spelling
    if spelling:
        return
    if not event.get("UID"):
        yield event_finding(file, line, named, "it has no UID", "Give it one that no other event has")
    if "DTSTART" not in event:
        yield event_finding(file, line, named, "it has no start", "Give it DTSTART with a zone")
        return
    for name, moment, parameters in _times(event):
        if not isinstance(moment, datetime):
            if zone is None:
                problem = f"{name} is a whole day, and the calendar does not say in which zone"
                yield event_finding(
                    file, line, named, problem, "Add X-WR-TIMEZONE, such as Europe/Berlin, to the calendar"
                )
        elif moment.tzinfo is None:
            said = parameters.get("TZID")
            problem = f"{name} is in the zone {said!r}, which is unknown" if said else f"{name} has no zone"
            yield event_finding(file, line, named, problem, "Use TZID with a name such as Europe/Berlin, or UTC")
    rules = event.get("RRULE", [])
    for rule in rules if isinstance(rules, list) else [rules]:
        if set(rule.get("FREQ", [])) & set(TOO_OFTEN):
            yield event_finding(
                file, line, named, f"it recurs {rule['FREQ'][0].lower()}", "Let it recur daily or less often"
            )
    yield from _length(file, line, named, event)


def _spelling(file: str, line: int, named: str, event: Any) -> Iterator[Finding]:
    for name in ONCE:
        if isinstance(event.get(name), list):
            yield event_finding(file, line, named, f"{name} stands twice", "Say it once, or make two events of it")
    if "EXRULE" in event:
        remedy = "Name the times that are left out, by EXDATE"
        yield event_finding(file, line, named, "EXRULE is out of use, and would be passed over", remedy)


def _length(file: str, line: int, named: str, event: Any) -> Iterator[Finding]:
    start: Any
    start, end, duration = (event[name].dt if name in event else None for name in ("DTSTART", "DTEND", "DURATION"))
    if end is not None and isinstance(start, datetime) is not isinstance(end, datetime):
        problem, remedy = "one of DTSTART and DTEND is a whole day, the other is not", "Make both the same"
    elif isinstance(start, datetime) and end is None and duration is None:
        problem, remedy = "it has no end", "Give it DTEND or DURATION"
    elif end is not None and _sortable(end) <= _sortable(start):
        problem, remedy = f"it ends at {end}, and begins at {start}", "Let it end after it begins"
    elif end is not None and duration is not None:
        problem, remedy = "it has DTEND and DURATION", "Keep one of them"
    elif duration is not None and not isinstance(start, datetime) and duration % timedelta(days=1):
        problem, remedy = f"it is a whole day, and lasts {duration}", "Let it begin at a time, or last whole days"
    elif duration is not None and duration <= timedelta(0):
        problem, remedy = f"it lasts {duration}", "Let it end after it begins"
    else:
        return
    yield event_finding(file, line, named, problem, remedy)


def _sortable(moment: date) -> float:
    if isinstance(moment, datetime):
        return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
    return float(moment.toordinal())


def _times(event: Any) -> Iterator[tuple[str, Any, Mapping[str, str]]]:
    for name in TIMES:
        values = event.get(name, [])
        for value in values if isinstance(values, list) else [values]:
            for single in getattr(value, "dts", [value]):
                moment = single.dt[0] if isinstance(single.dt, tuple) else single.dt
                yield name, moment, value.params


def _twice(file: str, parts: list[tuple[Any, int]]) -> Iterator[Finding]:
    """Two events with one UID are one to every calendar program, and one of them is not shown."""
    keys = [
        (str(part.get("UID", "")), str(part["RECURRENCE-ID"].dt) if "RECURRENCE-ID" in part else "")
        for part, _line in parts
    ]
    counted = Counter(keys)
    for (part, line), key in zip(parts, keys, strict=True):
        if key[0] and counted[key] > 1:
            yield event_finding(file, line, _named(part), "another event has the same UID", "Give each event its own")


def _named(event: Any) -> str:
    return f"{str(event.get('SUMMARY', ''))!r} ({event.get('UID', 'no UID')})"


def _entries(calendar: Any, parts: list[tuple[Any, int]], zone: tzinfo | None, asked: Span) -> list[Entry]:
    import recurring_ical_events

    for part, line in parts:
        part.add(LINE, str(line))
    first, last = (datetime.fromtimestamp(second, UTC) for second in asked)
    spans: dict[int, list[Span]] = {line: [] for _part, line in parts}
    for found in recurring_ical_events.of(calendar).between(first - MARGIN, last + MARGIN):
        start, end = _second(found.start, zone), _second(found.end, zone)
        if end <= start:
            # In the hour that the clock jumps over, where local times lie on top of each other.
            end = start + round((_local(found.end) - _local(found.start)).total_seconds())
        span = start, end
        if span[0] < asked[1] and span[1] > asked[0]:
            spans[int(found[LINE])].append(span)
    return [
        Entry(
            line=line,
            uid=str(part["UID"]),
            summary=str(part.get("SUMMARY", "")),
            status=str(part.get("STATUS", "")).upper(),
            categories=tuple(_categories(part)),
            spans=tuple(sorted(spans[line])),
        )
        for part, line in parts
    ]


def _second(moment: date, zone: tzinfo | None) -> int:
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time(), zone)
    elif moment.tzinfo is None:
        # What a library made of a whole day.
        moment = moment.replace(tzinfo=zone)
    return round(moment.timestamp())


def _local(moment: date) -> datetime:
    return moment.replace(tzinfo=None) if isinstance(moment, datetime) else datetime.combine(moment, time())


def _categories(event: Any) -> Iterator[str]:
    said = event.get("CATEGORIES", [])
    for group in said if isinstance(said, list) else [said]:
        yield from (str(category) for category in group.cats)
