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
    ENDS_UNGATED,
    EVENT,
    GENESIS,
    INTERRUPTED,
    LONGEST,
    OPENED,
    PREVIOUS,
    RUN,
)
from ansible_collections.erpops.estate.plugins.module_utils.evidence.tampering import (
    Kind,
    Place,
    Wrong,
    explain,
    is_entry,
    torn,
)

_OPENED, _CLOSED = OPENED.encode(), CLOSED.encode()
_ENDING = (_CLOSED, INTERRUPTED.encode()[:6])


@dataclass(frozen=True)
class Anchor:
    """The digest that an entry must have, and who says so."""

    digest: str
    source: str


@dataclass
class Walked:
    """What was seen: entries from ``first`` to ``last``, the digest of the last, and where it stopped if it did.

    ``previous`` is the digest that the first one holds. ``opened`` are runs without an end, ``ended`` those with an
    end whose beginning was not among these lines, and ``ungated`` says how many changed something without the gate.
    """

    first: int
    previous: str
    last: int
    digest: str
    wrong: Wrong | None = None
    opened: set[bytes] = field(default_factory=set)
    ended: set[bytes] = field(default_factory=set)
    ungated: int = 0

    def followed_by(self, other: Walked) -> bool:
        """Take over what was seen of the lines right behind these; return whether they do follow."""
        if (other.first, other.previous) != (self.last + 1, self.digest) or self.wrong or other.wrong:
            return False
        self.last, self.digest = other.last, other.digest
        self.ungated += other.ungated
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
    anchored, sure = next(waiting, 0), first - 1
    opened: set[bytes] = set()
    ended: set[bytes] = set()
    ungated = 0
    wrong: Wrong | None = None
    number, hexadecimal, good = first - 1, previous.encode(), b""
    stream = iter(lines)
    # About a microsecond a line, half of it for the digest: everything that may wait until something is wrong waits.
    fresh = hashlib.sha256().copy
    for line in stream:
        if line[PREVIOUS] != hexadecimal or len(line) > LONGEST:
            place = _place(number + 1, hexadecimal.decode(), known, settled=sure == number)
            wrong = explain(good, line, stream, place)
            break
        number += 1
        good = line
        hashing = fresh()
        hashing.update(line)
        hexadecimal = hashing.hexdigest().encode()
        if number == anchored:
            if known[number].digest.encode() != hexadecimal:
                wrong = _not_known(sure + 1, number, known[number], stream)
                break
            sure, anchored = number, next(waiting, 0)
        event = line[EVENT]
        if event == _OPENED:
            opened.add(line[RUN])
        elif event in _ENDING:
            run = _run(line)
            ungated += line.endswith(ENDS_UNGATED)
            if run in opened:
                opened.remove(run)
            else:
                ended.add(run)
    wrong = wrong or _end(good, number, known)
    if wrong and good and number >= wrong.entry:
        # The last line that was read is not what it seemed.
        number, hexadecimal = number - 1, good[PREVIOUS]
    return Walked(first, previous, number, hexadecimal.decode(), wrong, opened, ended, ungated)


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


def _end(good: bytes, number: int, known: Mapping[int, Anchor]) -> Wrong | None:
    """Return what is wrong with the last line, or that it is not the last one there has been."""
    if good and not good.endswith(b"\n"):
        return torn(good, number)
    if good and not is_entry(good, number):
        return Wrong(number, Kind.ALTERED, f"entry {number} was altered: it does not say that it is it")
    end = max(known, default=0)
    if end <= number:
        return None
    named = f"entry {end} is" if end == number + 1 else f"entries {number + 1} to {end} are"
    source = known[end].source
    return Wrong(number + 1, Kind.TRUNCATED, f"{named} missing at the end: {source} knows entry {end}")


def _run(line: bytes) -> bytes:
    if line[EVENT] == _CLOSED:
        return line[RUN]
    found = BEGINNING.match(line)
    return found["run"] if found else b""
