# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far behind the database its repository is: what would be lost with all members at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True)
class Queue:
    """Segments of WAL that are complete and not in the repository yet.

    ``oldest`` is when the first of them was completed, 0 where none waits, and ``now`` the database's clock (both in
    seconds since 1970); ``timeout`` is archive_timeout in seconds, 0 for none; ``failed`` the segment that could not be
    handed over at the last try.
    """

    segments: int
    oldest: float
    now: float
    timeout: int
    failed: str = ""

    @property
    def waits_seconds(self) -> float:
        """Return how long the first has waited."""
        return max(0.0, self.now - self.oldest) if self.segments else 0.0

    @property
    def recovery_point(self) -> datetime | None:
        """Return the moment before which all that was committed can be restored; None where nothing bounds it.

        A segment holds what was written in the archive_timeout before its end at most
        (https://www.postgresql.org/docs/17/runtime-config-wal.html#GUC-ARCHIVE-TIMEOUT).
        """
        if not self.timeout:
            return None
        return datetime.fromtimestamp(self.now - self.waits_seconds - self.timeout, UTC)


def objections(queue: Queue, *, max_minutes: float) -> Iterator[str]:
    """Yield what is wrong with it: nobody but who looks at it notices an archive that stands still."""
    if queue.waits_seconds > 60 * max_minutes:
        failed = f"; the last try, of {queue.failed}, failed" if queue.failed else ""
        yield (
            f"WAL: expected to be in the repository within {max_minutes:g} min, found {queue.segments} segments "
            f"waiting, the first for {queue.waits_seconds / 60:.0f} min{failed}; see docs/backup.md"
        )


def shown(queue: Queue) -> dict[str, Any]:
    """Return it as plain data."""
    point = queue.recovery_point
    return {
        "segments": queue.segments,
        "waits_seconds": round(queue.waits_seconds, 1),
        "failed": queue.failed,
        "recovery_point": point.isoformat(timespec="seconds") if point else "",
    }
