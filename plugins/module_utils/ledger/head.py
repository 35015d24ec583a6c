# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a ledger's chain, which one writer at a time moves on.

The head is the last line itself, not only its digest: a writer that dies right after it has moved the head has lost
nothing, since the next one finds the line there and stores it before it moves the head again.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import TimedOut
from ansible_collections.erpops.estate.plugins.module_utils.clients.etcd import EtcdCluster
from ansible_collections.erpops.estate.plugins.module_utils.clients.ledger_file import LedgerFile


@dataclass(frozen=True)
class Seen:
    """The last line, empty before the first, and what tells whether it is still the last."""

    line: bytes
    token: int = 0


class Head(Protocol):
    """Where a chain ends."""

    def turn(self) -> AbstractContextManager[None]:
        """Wait until it is our turn to read and swap; where nobody can be kept out, a swap may fail all the same."""

    def read(self) -> Seen:
        """Return the last line."""

    def swap(self, line: bytes, seen: Seen) -> bool:
        """Make ``line`` the last one and return True; only where what was seen still is the last."""


class FileHead:
    """The end of a file: for an estate that is only ever changed from one machine."""

    def __init__(self, file: LedgerFile) -> None:
        self._file = file

    def turn(self) -> AbstractContextManager[None]:
        """Keep every other writer of the file out: on a slow disk it would be overtaken again and again."""
        return self._file.alone()

    def read(self) -> Seen:
        """Return the last whole line."""
        return Seen(self._file.last())

    def swap(self, line: bytes, seen: Seen) -> bool:
        """Append the line; only in one's turn."""
        # Another writer may have been killed since; its torn line is explained by who opens the ledger next.
        self._file.set_aside()
        if self._file.last() != seen.line:
            return False
        self._file.append(line)
        return True


class EtcdHead:
    """A key of the estate's etcd, changed by compare-and-swap: for everybody who changes the estate."""

    def __init__(self, cluster: EtcdCluster, estate: str) -> None:
        self._cluster = cluster
        self.key = f"/erpops/{estate}/ledger/head"

    def turn(self) -> AbstractContextManager[None]:
        """Return at once: writers on other machines are told apart by the key's revision."""
        return nullcontext()

    def read(self) -> Seen:
        """Return the line by a linearizable read."""
        found = self._cluster.ask(lambda client: client.entry(self.key))
        return Seen(found.value.encode(), found.revision) if found else Seen(b"")

    def swap(self, line: bytes, seen: Seen) -> bool:
        """Write the line where the key is at the revision that was seen."""
        try:
            if self._cluster.ask(lambda client: client.swap(self.key, line.decode(), seen.token)):
                return True
        except TimedOut:
            # Nobody knows whether it was written; the key does.
            if self.read().line != line:
                raise
            return True
        # A member that was asked before may have written it and not said so.
        return self.read().line == line
