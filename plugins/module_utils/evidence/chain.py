# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the lines of a ledger are a chain, in one pass that keeps none of them.

A chain shows that nothing *inside* it was changed. It cannot show that nothing was cut off its end, nor that nobody
wrote it anew from some entry on. Anchors do: digests of entries known from elsewhere, such as a signed checkpoint.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ansible_collections.erpops.estate.plugins.module_utils.evidence.entry import (
    BEGINNING,
    CLOSED,
    GENESIS,
    INTERRUPTED,
    LONGEST,
    OPENED,
)
from ansible_collections.erpops.estate.plugins.module_utils.evidence.tampering import (
    Kind,
    Place,
    Wrong,
    explain,
    is_json,
)

# What follows the beginning of a line, up to the run; and where then the run itself is.
_OPENED, _CLOSED, _INTERRUPTED = (f'"event":"{event}","run":"'.encode() for event in (OPENED, CLOSED, INTERRUPTED))
_RUN = b'"run":"'


@dataclass(frozen=True)
class Anchor:
    """The digest that an entry must have, and who says so."""

    digest: str
    source: str


@dataclass
class Walked:
    """What was seen: entries from ``first`` to ``last``, the digest of the last, and where it stopped if it did.

    ``previous`` is the digest that the first one holds. ``opened`` are runs without an end, ``ended`` those with an
    end whose beginning was not among these lines.
    """

    first: int
    previous: str
    last: int
    digest: str
    wrong: Wrong | None = None
    opened: set[bytes] = field(default_factory=set)
    ended: set[bytes] = field(default_factory=set)

    def followed_by(self, other: Walked) -> bool:
        """Take over what was seen of the lines right behind these; return whether they do follow."""
        if (other.first, other.previous) != (self.last + 1, self.digest) or self.wrong or other.wrong:
            return False
        self.last, self.digest = other.last, other.digest
        self.ended |= other.ended - self.opened
        self.opened = (self.opened - other.ended) | other.opened
        return True


def walk(
    lines: Iterable[bytes],
    anchors: Mapping[int, Anchor] | None = None,
    *,
    first: int = 1,
    previous: str = GENESIS,
) -> Walked:
    """Follow the chain until its end or to the first entry that is wrong.

    ``first`` and ``previous`` say where these lines begin.
    """
    known = {number: anchor for number, anchor in (anchors or {}).items() if number >= first}
    waiting = iter(sorted(known))
    anchored = next(waiting, 0)
    sure = first - 1
    seen = Walked(first, previous, first - 1, previous)
    opened, ended = seen.opened, seen.ended
    fresh = hashlib.sha256().copy
    number, hexadecimal, good = first - 1, previous, b""
    stream = iter(lines)
    for line in stream:
        number += 1
        place = BEGINNING % (hexadecimal.encode(), number)
        if not line.startswith(place) or len(line) > LONGEST or line[-1] != 10:
            seen.wrong = explain(good, line, stream, _place(number, hexadecimal, known, settled=sure == number - 1))
            break
        good = line
        hashing = fresh()
        hashing.update(line)
        hexadecimal = hashing.hexdigest()
        if number == anchored:
            if known[number].digest != hexadecimal:
                seen.wrong = _not_known(sure + 1, number, known[number], stream)
                break
            sure, anchored = number, next(waiting, 0)
        at = len(place)
        if line.startswith(_OPENED, at):
            opened.add(_run(line, at))
        elif line.startswith((_CLOSED, _INTERRUPTED), at):
            run = _run(line, at)
            if run in opened:
                opened.remove(run)
            else:
                ended.add(run)
        seen.last, seen.digest = number, hexadecimal
    else:
        if known and max(known) > number:
            seen.wrong = _cut(good, number, known[max(known)], max(known))
    return seen


def first_difference(lines: Iterable[bytes], others: Iterable[bytes], *, first: int = 1) -> int | None:
    """Return the number of the first entry that is not the same in both, where both have it."""
    for number, (line, other) in enumerate(zip(lines, others, strict=False), first):
        if line != other:
            return number
    return None


def beginning(lines: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Return the first line, empty where there is none, and all lines, the first included."""
    head = next(lines, b"")

    def everything() -> Iterator[bytes]:
        if head:
            yield head
        yield from lines

    return head, everything()


def _place(number: int, previous: str, known: Mapping[int, Anchor], *, settled: bool) -> Place:
    own = known[number].digest if number in known else ""
    return Place(number, previous, own, settled=settled, beyond=bool(known) and max(known) < number)


def _not_known(low: int, high: int, anchor: Anchor, rest: Iterable[bytes]) -> Wrong:
    if any(hashlib.sha256(line).hexdigest() == anchor.digest for line in rest):
        behind = f"entry {high}, which {anchor.source} knows, stands behind it"
        return Wrong(high, Kind.INSERTED, f"line {high} was inserted: {behind}")
    anew = f", or together with those before it, from entry {low} on at the earliest" if low < high else ""
    found = f"{anchor.source} knows it by the digest {anchor.digest}"
    return Wrong(high, Kind.ALTERED, f"entry {high} was altered{anew}: {found}")


def _cut(good: bytes, number: int, anchor: Anchor, end: int) -> Wrong:
    if good and not is_json(good):
        return Wrong(number, Kind.ALTERED, f"entry {number} was altered: it is no JSON")
    named = f"entry {end} is" if end == number + 1 else f"entries {number + 1} to {end} are"
    return Wrong(number + 1, Kind.TRUNCATED, f"{named} missing at the end: {anchor.source} knows entry {end}")


def _run(line: bytes, at: int) -> bytes:
    start = line.find(_RUN, at) + len(_RUN)
    return line[start : line.find(b'"', start)]
