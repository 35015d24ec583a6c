# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the lines of a chain are kept once they are on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Refused
from ansible_collections.erpops.estate.plugins.module_utils.clients.ledger_file import LedgerFile
from ansible_collections.erpops.estate.plugins.module_utils.evidence.checkpoint import file_name
from ansible_collections.erpops.estate.plugins.module_utils.evidence.entry import GENESIS, digest, parse


class Files(Protocol):
    """What is kept beside the chain, by name: a directory or a bucket."""

    what: str

    def put(self, name: str, content: bytes) -> None:
        """Write a file."""

    def get(self, name: str) -> bytes | None:
        """Return a file, None where there is none."""

    def names(self, kind: str) -> Iterator[str]:
        """Yield the names of one kind in their order."""


class Keeper(Protocol):
    """Keeps the lines of a chain; told the same line twice it keeps it once."""

    def keep(self, line: bytes) -> None:
        """Keep a line that is on the chain."""


class EntryFiles:
    """A file, or an object, for each line."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def keep(self, line: bytes) -> None:
        """Write the line, where it is not there."""
        name = entry_name(parse(line).n)
        if self._files.get(name) != line:
            self._files.put(name, line)


class Copy:
    """A file with all lines, which catches up with what others have added."""

    def __init__(self, file: LedgerFile, source: Files | None) -> None:
        self._file = file
        self._source = source

    def keep(self, line: bytes) -> None:
        """Append the line, after all that come before it."""
        with self._file.alone():
            self._file.set_aside()
            torn = self._file.torn()
            if torn:
                # The entry itself is on the chain, whole: it is fetched again.
                self._file.explained(digest(torn))
            last, wanted = self._file.last(), parse(line)
            known = parse(last).n if last else 0
            if known >= wanted.n and line != last and line not in self._file.lines():
                raise self._another(wanted.n)
            for number in range(known + 1, wanted.n + 1):
                following = line if number == wanted.n else self._fetched(number)
                self._append(last, following)
                last = following

    def _append(self, last: bytes, following: bytes) -> None:
        entry = parse(following)
        if entry.previous != (digest(last) if last else GENESIS):
            raise self._another(entry.n - 1)
        self._file.append(following)

    def _another(self, number: int) -> Refused:
        return Refused(
            self._file.what,
            expected=f"entry {number} as the ledger has it",
            found="another, or none",
            remedy="verify it with ledger_verify; a copy that is wrong can be made anew once that is explained",
        )

    def _fetched(self, number: int) -> bytes:
        line = self._source.get(entry_name(number)) if self._source else None
        if line is None:
            where = self._source.what if self._source else "any place it could be fetched from"
            raise Refused(self._file.what, expected=f"entry {number}, which others wrote, in {where}", found="none")
        return line


def entry_name(number: int) -> str:
    """Return the name under which an entry is kept by itself."""
    return f"entries/{file_name(number)}"
