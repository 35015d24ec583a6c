# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was done to a ledger where a line does not follow the one before it: the first wrong entry, and why.

One change is told for what it is. Of several, the first place is named; what is behind it is not trusted anyway.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from ansible_collections.erpops.estate.plugins.module_utils.evidence.entry import (
    BEGINNING,
    LONGEST,
    digest,
)


class Kind(StrEnum):
    """What was done."""

    ALTERED = "altered"
    REMOVED = "removed"
    INSERTED = "inserted"
    REORDERED = "reordered"
    TRUNCATED = "truncated"
    TORN = "torn"


@dataclass(frozen=True)
class Wrong:
    """The first wrong entry, by the number that its place in the file gives it."""

    entry: int
    kind: Kind
    sentence: str


@dataclass(frozen=True)
class _Claim:
    """What a line says of its place; 0 and nothing where it says none."""

    number: int
    previous: str


@dataclass
class _Behind:
    """What the lines behind a wrong one tell about it."""

    next: _Claim | None = None
    genuine: bool = False
    twin: bool = False


@dataclass(frozen=True)
class Place:
    """Where a line stands, and what is known of that place.

    ``previous`` is the digest that the line should begin with, ``known`` its own digest where that is known from
    elsewhere, else nothing. ``settled`` is whether the same is known of the entry before, which has it; ``beyond``
    whether nobody knows of this entry nor of a later one, though of earlier ones.
    """

    number: int
    previous: str
    known: str = ""
    settled: bool = False
    beyond: bool = False


def explain(good: bytes, bad: bytes, rest: Iterator[bytes], place: Place) -> Wrong:
    """Return what is wrong, where the line ``bad`` does not follow the line ``good`` before it."""
    number, claim = place.number, _claim(bad)
    if good and not is_json(good):
        return Wrong(number - 1, Kind.ALTERED, f"entry {number - 1} was altered: it is no JSON")
    if not bad.endswith(b"\n"):
        return torn(bad, number)
    return _unfit(good, bad, claim, _look(rest, place, claim), place)


def _unfit(good: bytes, bad: bytes, claim: _Claim, behind: _Behind, place: Place) -> Wrong:
    number = place.number
    if behind.genuine:
        return _misplaced(number, claim, behind)
    if good and claim == _claim(good):
        return _twice(number, good, bad, behind, place.known)
    if claim.number == number and claim.previous != place.previous:
        return _one_of_two(bad, behind, place, alone=not good)
    if _takes_the_place(claim, behind, place):
        found = f"it has {len(bad)} bytes" if len(bad) > LONGEST else "what stands there does not say that it is it"
        return Wrong(number, Kind.ALTERED, f"entry {number} was altered: {found}")
    return _removed(number, claim) if claim.number > number else _inserted(number, claim)


def _look(rest: Iterator[bytes], place: Place, claim: _Claim) -> _Behind:
    behind = _Behind()
    for line in rest:
        found = _claim(line)
        behind.next = behind.next or found
        behind.genuine = behind.genuine or found == _Claim(place.number, place.previous)
        behind.twin = behind.twin or found.number == claim.number
    return behind


def torn(line: bytes, number: int) -> Wrong:
    """Return what is wrong with a last line that has no end."""
    whole = _claim(line).number == number and is_json(line)
    what = "only the end of its line is missing" if whole else f"{len(line)} bytes of it are there"
    sentence = f"entry {number} is torn, as when a writer is killed or the disk is full: {what}"
    return Wrong(number, Kind.TORN, sentence)


def _misplaced(number: int, claim: _Claim, behind: _Behind) -> Wrong:
    """Name what stands before the entry that belongs here, which comes later."""
    if claim.number > number and not behind.twin:
        return Wrong(
            number, Kind.REORDERED, f"the order was changed: entry {claim.number} stands in the place of {number}"
        )
    return _inserted(number, claim)


def _removed(number: int, claim: _Claim) -> Wrong:
    until = claim.number - 1
    gone = f"entry {number} was" if until == number else f"entries {number} to {until} were"
    return Wrong(number, Kind.REMOVED, f"{gone} removed: entry {claim.number} stands right behind {number - 1}")


def _inserted(number: int, claim: _Claim) -> Wrong:
    said = f"it says that it is entry {claim.number}" if claim.number else "it is no entry"
    return Wrong(number, Kind.INSERTED, f"line {number} was inserted: {said}")


def _twice(number: int, good: bytes, bad: bytes, behind: _Behind, known: str) -> Wrong:
    """Two lines claim one place; the one that nothing follows was inserted."""
    if good == bad:
        return _inserted(number, _claim(bad))
    followed = behind.next.previous == digest(bad) if behind.next else True
    sentence = f"line {number - 1} was inserted: line {number} is entry {number - 1}"
    if not followed:
        sentence = f"line {number - 1} or {number} was inserted: both say that they are entry {number - 1}"
    elif behind.next is None and known != digest(bad):
        sentence = f"line {number - 1} or {number} was inserted: both say that they are entry {number - 1}, the last"
    return Wrong(number - 1, Kind.INSERTED, sentence)


def _one_of_two(bad: bytes, behind: _Behind, place: Place, *, alone: bool) -> Wrong:
    """Tell whether an entry was altered, or else the one before it, whose digest it holds."""
    number = place.number
    here = Wrong(number, Kind.ALTERED, f"entry {number} was altered: the digest it holds is not that of the one before")
    if alone or place.settled:
        return here
    before = f"entry {number - 1} was altered: entry {number} holds another digest of it"
    if behind.next:
        confirmed = behind.next.previous == digest(bad)
    elif place.known:
        confirmed = place.known == digest(bad)
    else:
        return Wrong(number - 1, Kind.ALTERED, f"{before}; or entry {number}, the last, was, which nothing here tells")
    return Wrong(number - 1, Kind.ALTERED, before) if confirmed else here


def _takes_the_place(claim: _Claim, behind: _Behind, place: Place) -> bool:
    """Return whether the line stands where its entry stood, whatever it says of itself."""
    if claim.previous == place.previous:
        return True
    if claim.number == 0:
        # What is put between two entries leaves the second one behind it; this could only be put at the end.
        return behind.next is not None or not place.beyond
    return behind.next is not None and behind.next.number == place.number + 1


def _claim(line: bytes) -> _Claim:
    found = BEGINNING.match(line)
    return _Claim(int(found["n"]), found["previous"].decode()) if found else _Claim(0, "")


def is_entry(line: bytes, number: int) -> bool:
    """Return whether a line says that it is this entry."""
    return _claim(line).number == number and is_json(line)


def is_json(line: bytes) -> bool:
    """Return whether a line is at least an object of JSON."""
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
