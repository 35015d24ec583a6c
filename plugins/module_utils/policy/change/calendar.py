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
    wished: Span | None = None,
) -> Opening:
    """Judge the moment ``now`` for a change that still needs so many seconds.

    ``window`` says whether one is needed, ``freeze`` whether freezes count (only break-glass may be without).
    ``wished`` is the change's own time: what remains has to fit into that, too.
    """
    second, needed = now.timestamp(), math.ceil(needed_seconds)
    frozen = [one for scope, group in _by_scope(calendars, FREEZE) if freeze and scope.touches(target) for one in group]
    windows = [(scope, group) for scope, group in _by_scope(calendars, WINDOW) if scope.touches(target)]
    covered: dict[tuple[int, ...], list[Part]] = {}
    for part in target.parts if window else ():
        covering = (index for index, (scope, _group) in enumerate(windows) if scope.covers(target, part))
        covered.setdefault(tuple(covering), []).append(part)
    by_parts = [(parts, [one for index in groups for one in windows[index][1]]) for groups, parts in covered.items()]
    opened = common([calendars.known], [wished]) if wished else [calendars.known]
    for _parts, events in by_parts:
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
            for parts, events in by_parts
            if not any(at(event.spans, second) for event in events)
            for part in parts
        ]
    if current and current[1] - second < needed:
        ending = _ending(frozen, current[1], known=calendars.known, wished=wished)
        objections.append(f"window: expected {_minutes(needed)} that are left, found {ending} at {moment(current[1])}")
    later = next((max(start, math.ceil(second)) for start, end in free if end - max(start, second) >= needed), None)
    return Opening(
        objections=(*freezes, *objections),
        freezes=tuple(freezes),
        closes=_date(current[1] if current and current[1] < calendars.known[1] else None),
        next=_date(later),
    )


def _by_scope(calendars: Calendars, effect: str) -> list[tuple[Scope, list[Event]]]:
    """Return the events by what they are about: of thousands, few differ in that."""
    groups: dict[frozenset[tuple[str, frozenset[str]]], tuple[Scope, list[Event]]] = {}
    for event in calendars.events:
        if event.effect == effect:
            key = frozenset(event.scope.limits.items())
            groups.setdefault(key, (event.scope, []))[1].append(event)
    return list(groups.values())


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


def _ending(frozen: Iterable[Event], second: int, known: Span, wished: Span | None) -> str:
    beginning = next((event for event in frozen for span in event.spans if span[0] == second), None)
    if beginning:
        return f"that {beginning} begins"
    if wished and second == wished[1]:
        return "that the change's own time ends"
    return "that the calendars were read no further" if second == known[1] else "that the window closes"


def _minutes(seconds: int) -> str:
    return f"{math.ceil(seconds / 60)} min"


def _date(second: int | None) -> datetime | None:
    return None if second is None else datetime.fromtimestamp(second, UTC)
