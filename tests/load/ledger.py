"""What was sent and what was said about it: JSON lines that are on disk before anybody counts on them.

A write is in the ledger before its first byte leaves, so one that nobody heard of again is known, even when the
load itself was killed; an acknowledgement is on disk before it counts. Jepsen keeps its histories like this:
invoked, then ok, failed or never known.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.load.outcome import Fate

ORDER, CONFIRM, DELIVER = "order", "confirm", "deliver"


class Unreadable(ValueError):
    """A ledger that says two things about one write, or something that no load wrote."""


@dataclass(frozen=True)
class Write:
    """One write as the ledger has it. ``quantity`` and ``lines`` are what an order was sent with."""

    act: str
    reference: str
    fate: Fate = Fate.UNKNOWN
    order: int = 0
    quantity: float = 0
    lines: int = 0
    why: str = "the load ended before it heard"


@dataclass(frozen=True)
class History:
    """All writes of one run, in the order they were sent."""

    run: str
    instance: str
    writes: tuple[Write, ...]

    def of(self, act: str, fate: Fate | None = None) -> list[Write]:
        """Return the writes of one kind that had this fate."""
        return [write for write in self.writes if write.act == act and fate in (None, write.fate)]


class Ledger:
    """Written by many threads; every line is synced before the call returns."""

    def __init__(self, path: Path, run: str, instance: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._lock = threading.Lock()
        self._file = path.open("x", encoding="utf-8")
        self._write(event="run", run=run, instance=instance)
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def sent(self, write: Write) -> None:
        """Note a write before it is sent."""
        known = {name: value for name, value in asdict(write).items() if name not in ("fate", "why") and value}
        self._write(event="sent", **known)

    def settled(self, write: Write) -> None:
        """Note what became of it."""
        more = {"why": write.why} if write.fate is not Fate.ACKNOWLEDGED else {}
        self._write(event=write.fate.value, act=write.act, reference=write.reference, order=write.order, **more)

    def close(self) -> None:
        self._file.close()

    def _write(self, **entry: Any) -> None:
        line = json.dumps({"at": datetime.now(UTC).isoformat(timespec="milliseconds"), **entry})
        with self._lock:
            self._file.write(f"{line}\n")
            self._file.flush()
            os.fsync(self._file.fileno())


def read(path: Path) -> History:
    """Return what a ledger says."""
    return history(path.read_text(encoding="utf-8").splitlines(keepends=True))


def history(lines: Iterable[str]) -> History:
    """Fold the lines: what was sent and never settled is unknown; a last line without its end was never synced."""
    whole = [json.loads(line) for line in lines if line.endswith("\n")]
    if not whole or whole[0].get("event") != "run":
        raise Unreadable("expected a ledger to begin with the line of its run")
    writes: dict[tuple[str, str], Write] = {}
    settled: set[tuple[str, str]] = set()
    for entry in whole[1:]:
        key = entry["act"], entry["reference"]
        if entry["event"] == "sent":
            if key in writes:
                raise Unreadable(f"{' '.join(key)}: sent twice")
            sent = {name: entry[name] for name in ("order", "quantity", "lines") if name in entry}
            writes[key] = Write(*key, **sent)
            continue
        if key not in writes or key in settled:
            raise Unreadable(f"{' '.join(key)}: {entry['event']}, and it was not sent or is settled already")
        settled.add(key)
        before = writes[key]
        writes[key] = Write(
            *key,
            Fate(entry["event"]),
            entry["order"] or before.order,
            before.quantity,
            before.lines,
            entry.get("why", ""),
        )
    return History(whole[0]["run"], whole[0]["instance"], tuple(writes.values()))
