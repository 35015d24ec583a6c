# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows and freezes: may a change run at a moment and for a while, and when it may next.

A freeze wins over every window. A freeze counts where it *may* concern any part of the change; a window counts where it
certainly concerns a part, and every part needs one: what is not known closes and never opens.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ansible_collections.erpops.estate.plugins.module_utils.policy.change.spans import Span, at, common, union, without
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.words import (
    FREEZE,
    WINDOW,
    Part,
    Scope,
    Target,
    moment,
)


@dataclass(frozen=True)
class Event:
    """A window or a freeze with each time it takes place. ``where`` is file and line."""

    effect: str
    name: str
    where: str
    spans: tuple[Span, ...]
    scope: Scope = field(default_factory=Scope)

    def __str__(self) -> str:
        return f"{self.effect} {self.name!r} ({self.where})"


@dataclass(frozen=True)
class Calendars:
    """All events, read for the time ``known``: before and after it nothing is known, and nothing is open."""

    events: tuple[Event, ...]
    known: Span


@dataclass(frozen=True)
class Opening:
    """What the calendars say: open without ``objections``.

    ``closes`` is when the time ends that is open now, ``next`` when a time begins that is long enough; both None where
    the calendars do not say.
    """

    objections: tuple[str, ...]
    freezes: tuple[str, ...]
    closes: datetime | None
    next: datetime | None


def opening(
    calendars: Calendars,
    target: Target,
    *,
    now: datetime,
    needed_seconds: float,
    window: bool = True,
    freeze: bool = True,
) -> Opening:
    """Judge the moment ``now`` for a change that still needs so many seconds.

    ``window`` says whether one is needed, ``freeze`` whether freezes count (only break-glass may be without).
    """
    second, needed = now.timestamp(), math.ceil(needed_seconds)
    frozen = [event for event in calendars.events if freeze and event.effect == FREEZE and event.scope.touches(target)]
    windows = [event for event in calendars.events if event.effect == WINDOW and event.scope.touches(target)]
    by_part = {part: _covering(windows, target, part) for part in (target.parts if window else ())}
    opened = [calendars.known]
    for events in by_part.values():
        opened = common(opened, _from(events, second))
    free = without(opened, _from(frozen, second))
    current = at(free, second)
    freezes, objections = _freezes(frozen, second), []
    if at([calendars.known], second) is None:
        known = f"{moment(calendars.known[0])} to {moment(calendars.known[1])}"
        objections.append(f"calendars: expected to be read for this moment, found {known}")
    else:
        objections += [
            f"window: expected one that is open now for {part}, found {_nearest(events, second)}"
            for part, events in by_part.items()
            if not any(at(event.spans, second) for event in events)
        ]
    if current and current[1] - second < needed:
        ending = _ending(frozen, current[1], known=calendars.known)
        objections.append(f"window: expected {_minutes(needed)} that are left, found {ending} at {moment(current[1])}")
    later = next((max(start, math.ceil(second)) for start, end in free if end - max(start, second) >= needed), None)
    return Opening(
        objections=(*freezes, *objections),
        freezes=tuple(freezes),
        closes=_date(current[1] if current and current[1] < calendars.known[1] else None),
        next=_date(later),
    )


def _covering(events: Iterable[Event], target: Target, part: Part) -> list[Event]:
    return [event for event in events if event.scope.covers(target, part)]


def _from(events: Iterable[Event], second: float) -> list[Span]:
    """Return when any of the events takes place, without what is over."""
    return union(span for event in events for span in event.spans if span[1] > second)


def _freezes(events: Iterable[Event], second: float) -> list[str]:
    return [f"freeze: {event} is on until {moment(span[1])}" for event in events if (span := at(event.spans, second))]


def _nearest(events: Sequence[Event], second: float) -> str:
    coming = [(span[0], event) for event in events for span in event.spans if span[0] > second]
    if not coming:
        return "none, and none later"
    start, event = min(coming, key=lambda found: found[0])
    return f"the next to be {event} from {moment(start)}"


def _ending(frozen: Iterable[Event], second: int, known: Span) -> str:
    beginning = next((event for event in frozen for span in event.spans if span[0] == second), None)
    if beginning:
        return f"that {beginning} begins"
    return "that the calendars were read no further" if second == known[1] else "that the window closes"


def _minutes(seconds: int) -> str:
    return f"{math.ceil(seconds / 60)} min"


def _date(second: int | None) -> datetime | None:
    return None if second is None else datetime.fromtimestamp(second, UTC)
