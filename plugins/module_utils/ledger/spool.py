# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries that wait on this machine while etcd or the bucket cannot be reached.

The spool is a small chain of its own. When both answer again, its entries are added to the ledger, each with the digest
of its line in the spool, and the spool is kept under another name. An entry may come to stand twice in the ledger (the
same digest in ``spooled``) when this is interrupted; none is ever missing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError, Refused
from ansible_collections.erpops.estate.plugins.module_utils.clients.ledger_file import LedgerDirectory, LedgerFile
from ansible_collections.erpops.estate.plugins.module_utils.evidence import entry
from ansible_collections.erpops.estate.plugins.module_utils.ledger.writer import Ledger, Written, local

SPOOL, DONE = "spool", "drained"


class SpooledLedger:
    """A shared ledger, and the spool that takes what it cannot."""

    def __init__(self, ledger: Ledger, directory: LedgerDirectory) -> None:
        self.estate = ledger.estate
        self._ledger = ledger
        self._directory = LedgerDirectory(os.path.join(directory.path, SPOOL))
        self._file = LedgerFile(os.path.join(self._directory.path, "spool.jsonl"))

    def append(self, fields: Mapping[str, Any], record: bytes | None = None) -> Written:
        """Add an entry to the ledger, behind what waits; to the spool where that cannot be."""
        stamped = {"at": self._ledger.stamp(), **fields}
        try:
            self.drain()
            return self._ledger.append(stamped, record)
        except ClientError as error:
            room = entry.LONGEST - entry.SPOOLED_ROOM
            spool = local(self._directory, self.estate, name="spool.jsonl", longest=room, now=self._ledger.now)
            return Written(spool.append(stamped, record).line, spooled=True, trouble=str(error))

    def checkpoint(self, line: bytes) -> str:
        """Sign the ledger up to this line."""
        return self._ledger.checkpoint(line)

    def waiting(self) -> list[bytes]:
        """Return the lines that wait."""
        return list(self._file.lines())[self._drained() :]

    def drain(self) -> int:
        """Add what waits to the ledger; return how many entries that were."""
        if not os.path.exists(self._file.path):
            return 0
        with LedgerFile(os.path.join(self._directory.path, "drain")).alone():
            return sum(1 for _written in self._moved())

    def _moved(self) -> Iterator[Written]:
        line = b""
        for number, line in enumerate(self._file.lines(), 1):
            if number > self._drained():
                yield self._move(line)
                self._directory.put(DONE, f"{number}\n".encode())
        if line:
            os.replace(self._file.path, os.path.join(self._directory.path, f"spool-{entry.digest(line)}.jsonl"))
        self._directory.remove(DONE)

    def _move(self, line: bytes) -> Written:
        try:
            fields = {**entry.parse(line).fields, "spooled": entry.digest(line)}
        except ValueError as error:
            raise Refused(
                self._file.what, found=str(error), remedy="see what happened to it; nothing is lost"
            ) from error
        known = fields.get("record")
        record = self._directory.get(entry.record_name(str(known))) if known else None
        return self._ledger.append(fields, record)

    def _drained(self) -> int:
        return int(self._directory.get(DONE) or 0)
