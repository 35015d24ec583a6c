# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A ledger as it lies on a disk: a file, the directory of one, or an exported copy of the bucket."""

from __future__ import annotations

import io
import multiprocessing
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import MissingFile
from ansible_collections.erpops.estate.plugins.module_utils.clients.ledger_file import LedgerDirectory, LedgerFile
from ansible_collections.erpops.estate.plugins.module_utils.evidence.chain import Anchor, Walked, beginning, walk
from ansible_collections.erpops.estate.plugins.module_utils.evidence.entry import BEGINNING, GENESIS, LONGEST

LEDGER = "ledger.jsonl"
ENTRIES = "entries"

# A file below this size is followed before other processes have started.
WORTH_SHARING = 32 * 1024 * 1024
BLOCK = 1 << 20


class Stored:
    """Lines in their order, wherever they are."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.directory = LedgerDirectory(path if os.path.isdir(path) else os.path.dirname(path) or ".")
        self.file = os.path.join(path, LEDGER) if os.path.isdir(path) else path
        self._entries = not os.path.isfile(self.file) and os.path.isdir(os.path.join(path, ENTRIES))
        if not self._entries and not os.path.isfile(self.file):
            raise MissingFile(
                f"ledger {path}",
                expected=f"a file of entries, or a directory with {LEDGER} or {ENTRIES}/",
                found="neither",
                remedy="name the file of the ledger, its directory, or an exported copy of the bucket",
            )

    def lines(self) -> Iterator[bytes]:
        """Yield all lines."""
        if not self._entries:
            yield from LedgerFile(self.file).lines()
            return
        for name in self.directory.names(ENTRIES):
            yield self.directory.get(name) or b""

    def followed(self, anchors: Mapping[int, Anchor]) -> Walked:
        """Follow the chain from its beginning; a large file by all processors at once."""
        if not self._entries and os.path.getsize(self.file) >= WORTH_SHARING:
            shared = _shared(self.file, anchors, len(os.sched_getaffinity(0)))
            if shared:
                return shared
        # One after the other: this names what is wrong, too.
        return walk(self.lines(), anchors)

    def followed_from_its_first(self) -> tuple[int, Walked]:
        """Follow the chain from the first entry that is there: old ones may have left a bucket when their time was up.

        The number of that entry is 0 where there is none.
        """
        line, lines = beginning(self.lines())
        found = BEGINNING.match(line)
        if not found:
            return (1, walk(lines)) if line else (0, walk(()))
        first = int(found["n"])
        return first, walk(lines, first=first, previous=found["previous"].decode())


@dataclass(frozen=True)
class Part:
    """From which byte to which of a file."""

    path: str
    start: int
    end: int


class Slice(io.RawIOBase):
    """A part of a file as if it were one."""

    def __init__(self, part: Part) -> None:
        super().__init__()
        self._raw = open(part.path, "rb", 0)  # noqa: SIM115 - closed with this
        self._raw.seek(part.start)
        self._left = part.end - part.start

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # whoever reads it gives one
        count = self._raw.readinto(buffer[: min(len(buffer), self._left)])
        self._left -= count
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


def _shared(path: str, anchors: Mapping[int, Anchor], processes: int) -> Walked | None:
    """Return what the parts of a file together show; None where anything in them, or between them, is not right."""
    starts = list(_starts(path, processes))
    if len(starts) < 2:
        return None
    ends = [(start, first) for start, first, _previous in starts[1:]] + [(os.path.getsize(path), sys.maxsize)]
    parts = []
    for (start, first, previous), (end, behind) in zip(starts, ends, strict=True):
        own = {number: anchor for number, anchor in anchors.items() if number < behind}
        parts.append((Part(path, start, end), own, first, previous))
    # Forked, so that an archive can do it, too.
    with multiprocessing.get_context("fork").Pool(len(parts)) as pool:
        whole, *others = pool.starmap(_part, parts)
    return whole if whole.wrong is None and all(whole.followed_by(other) for other in others) else None


def _starts(path: str, parts: int) -> Iterator[tuple[int, int, str]]:
    """Yield where each part begins: the place in the file, the number of the entry and the digest that it holds."""
    yield 0, 1, GENESIS
    size, last = os.path.getsize(path), 0
    with open(path, "rb") as stream:
        for index in range(1, parts):
            stream.seek(size * index // parts)
            stream.readline(LONGEST + 1)
            start = stream.tell()
            found = BEGINNING.match(stream.readline(LONGEST + 1))
            if found and start > last:
                last = start
                yield start, int(found["n"]), found["previous"].decode()


def _part(part: Part, anchors: Mapping[int, Anchor], first: int, previous: str) -> Walked:
    with io.BufferedReader(Slice(part), BLOCK) as stream:
        return walk(stream, anchors, first=first, previous=previous)
