# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the events of a calendar file mean: window or freeze, and for what; said by their categories.

A category is ``window`` or ``freeze``, a limit such as ``site:north``, or a label that the policy declares. Anything
else is refused: a mistyped limit would open a window wider than was meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ansible_collections.erpops.estate.plugins.module_utils.policy.change.calendar import Event
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.spans import Span
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.words import (
    FREEZE,
    WINDOW,
    Scope,
    Vocabulary,
)
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_model import Finding, listed
from ansible_collections.erpops.estate.plugins.module_utils.policy.names import nearest

EFFECTS = (WINDOW, FREEZE)


@dataclass(frozen=True)
class Entry:
    """An event as it stands in a file, with each time it takes place in the time that was asked for."""

    line: int
    uid: str
    summary: str
    status: str
    categories: tuple[str, ...]
    spans: tuple[Span, ...]


def events(file: str, entries: Iterable[Entry], vocabulary: Vocabulary) -> tuple[list[Event], list[Finding]]:
    """Return the windows and freezes of a file, and what is wrong with those that are none."""
    found: list[Event] = []
    faults: list[Finding] = []
    for entry in entries:
        words = [category.strip().lower() for category in entry.categories if category.strip()]
        problems = list(_problems(file, entry, words, vocabulary))
        faults += problems
        effect = next((word for word in words if word in EFFECTS), "")
        # What is only pencilled in closes already, and opens nothing yet.
        void = entry.status == "CANCELLED" or (entry.status == "TENTATIVE" and effect == WINDOW)
        if not problems and not void:
            where = f"{file}:{entry.line}"
            found.append(Event(effect, entry.summary or entry.uid, where, entry.spans, _scope(words)))
    return found, faults


def event_finding(file: str, line: int, named: str, problem: str, remedy: str) -> Finding:
    """Return what is wrong with an event, which goes by its summary and its UID."""
    return Finding(f"{file}:{line}", f"event {named}", problem, remedy)


def _problems(file: str, entry: Entry, words: Sequence[str], vocabulary: Vocabulary) -> Iterator[Finding]:
    named = f"{entry.summary!r} ({entry.uid})"
    said = [word for word in words if word in EFFECTS]
    if len(set(said)) != 1:
        problem = f"expected one of {listed(EFFECTS)} among its categories, found {listed(words) or 'none'}"
        yield event_finding(file, entry.line, named, problem, "Add the category that is meant, and only that")
    names = vocabulary.names()
    for word in words:
        dimension, colon, value = word.partition(":")
        if word in EFFECTS or word in vocabulary.labels:
            continue
        if not colon or dimension not in names:
            known = [*EFFECTS, *(f"{name}:" for name in names), *vocabulary.labels]
            problem = f"nothing is known of the category {word!r}"
            remedy = (
                nearest(word, known) or f"Use {listed(EFFECTS)}, a limit that begins with {listed(names)} and a colon"
            )
            yield event_finding(file, entry.line, named, problem, f"{remedy}, or declare it among the policy's labels")
        elif value not in names[dimension]:
            problem = f"there is no {dimension} {value!r}"
            remedy = nearest(value, names[dimension]) or f"Known are {listed(sorted(names[dimension])) or 'none'}"
            yield event_finding(file, entry.line, named, problem, remedy)


def _scope(words: Iterable[str]) -> Scope:
    limits: dict[str, set[str]] = {}
    for word in words:
        dimension, colon, value = word.partition(":")
        if colon and dimension in Vocabulary().names():
            limits.setdefault(dimension, set()).add(value)
    return Scope({name: frozenset(values) for name, values in limits.items()})
