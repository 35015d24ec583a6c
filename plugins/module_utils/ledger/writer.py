# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a ledger: the record first, then the entry that names it, then the checkpoint that vouches for both."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError, Conflict
from ansible_collections.erpops.estate.plugins.module_utils.clients.ledger_file import LedgerDirectory, LedgerFile
from ansible_collections.erpops.estate.plugins.module_utils.evidence import entry
from ansible_collections.erpops.estate.plugins.module_utils.evidence.checkpoint import checkpoint_of
from ansible_collections.erpops.estate.plugins.module_utils.ledger.head import FileHead, Head
from ansible_collections.erpops.estate.plugins.module_utils.ledger.keepers import Files, Keeper

# How often the head may have been moved by others between reading and writing it, and the longest wait before the next
# attempt, in seconds: of a length by chance, so that two who met once do not meet again.
ROUNDS = 20
PAUSE = 0.25

TORN = "torn"


def utc_now() -> datetime:
    """Return this machine's time."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Written:
    """An entry on the chain, or in the spool; ``trouble`` says what could not be done, and will be later."""

    line: bytes
    spooled: bool = False
    trouble: str = ""

    @property
    def n(self) -> int:
        """Return the number of the entry, in the ledger or in the spool."""
        return entry.parse(self.line).n


class Ledger:
    """One chain, the places that keep its lines, and those that keep what belongs to it."""

    def __init__(
        self,
        estate: str,
        head: Head,
        *,
        keepers: Sequence[Keeper] = (),
        files: Sequence[Files] = (),
        sign: Callable[[bytes], bytes] | None = None,
        longest: int = entry.LONGEST,
        now: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.estate = estate
        self.now = now
        self._sleep = sleep
        self._head = head
        self._keepers = keepers
        self._files = files
        self._sign = sign
        self._longest = longest

    def append(self, fields: Mapping[str, Any], record: bytes | None = None) -> Written:
        """Add an entry, with its record; what ``fields`` says of time and estate stands."""
        complete = {"at": self.stamp(), "estate": self.estate, **fields}
        if record is not None:
            complete["record"] = entry.digest(record)
            self._put(entry.record_name(complete["record"]), record)
        for _round in range(ROUNDS):
            line = self._moved_on(complete)
            if line:
                return Written(line, trouble=self._kept(line))
            self._sleep(random.uniform(0, PAUSE))  # noqa: S311  # a wait is no secret
        raise Conflict(
            f"ledger of {self.estate}",
            expected="nobody else to write at the same time",
            found=f"that somebody was faster {ROUNDS} times",
            remedy="run again",
        )

    def checkpoint(self, line: bytes) -> str:
        """Sign that the ledger has this line and all before it; return its name, empty without a key."""
        if self._sign is None:
            return ""
        made = checkpoint_of(line, self.estate, self.stamp())
        name = f"checkpoints/{made.name}"
        signature = self._sign(made.statement())
        # A checkpoint without its signature is none: it comes last.
        self._put(f"{name}.sig", signature)
        self._put(name, made.statement())
        return name

    def stamp(self) -> str:
        """Return this moment as entries have it."""
        return self.now().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _moved_on(self, fields: Mapping[str, Any]) -> bytes:
        """Return the line that is on the chain now, empty where somebody was faster."""
        with self._head.turn():
            seen = self._head.read()
            # Whoever wrote the last line may have died before it was kept.
            if seen.line:
                self._keep(seen.line)
            line = entry.compose(seen.line, fields, longest=self._longest)
            return line if self._head.swap(line, seen) or self._is_followed(line) else b""

    def _is_followed(self, line: bytes) -> bool:
        """Return whether our line was written after all, and somebody has added the next one since."""
        last = self._head.read().line
        return bool(last) and entry.parse(last).previous == entry.digest(line)

    def _kept(self, line: bytes) -> str:
        """Keep a line that is on the chain already; return what stood in the way. The next writer tries again."""
        try:
            self._keep(line)
        except ClientError as error:
            return str(error)
        return ""

    def _keep(self, line: bytes) -> None:
        for keeper in self._keepers:
            keeper.keep(line)

    def _put(self, name: str, content: bytes) -> None:
        for files in self._files:
            files.put(name, content)


def local(directory: LedgerDirectory, estate: str, *, name: str = "ledger.jsonl", **more: Any) -> Ledger:
    """Return the ledger that is a file of this machine alone; a torn line is set aside and explained in an entry."""
    file = LedgerFile(f"{directory.path}/{name}")
    with file.alone():
        file.set_aside()
    ledger = Ledger(estate, FileHead(file), files=[directory], **more)
    torn = file.torn()
    if torn:
        known = entry.digest(torn)
        ledger.append({"event": TORN, "run": entry.NO_RUN, "bytes": len(torn), "sha256": known})
        file.explained(known)
    return ledger
