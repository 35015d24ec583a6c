"""How fast a ledger of a million entries is verified, and in how much memory: ``python -m tests.bench.ledger``.

Needs no estate. Its ratio is to hashing the same file; of several rounds the best of each counts, the one that other
work on the machine has disturbed least. The work is shared among processors: where they are busy, so is the figure.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.measure import MeasurementFailed, duration
from tests.bench.report import Line, Report

ENTRIES = 1_000_000
ROUNDS = 3
SPEED_LIMIT, MEMORY_LIMIT_MIB = 0.5, 200
# The longest an entry can be, and what the callback writes.
LONGEST, USUAL = 1024, 420

_VERIFY = """\
import json, os, resource, sys, time
sys.path.insert(0, sys.argv[1])
from ansible_collections.erpops.estate.plugins.module_utils.evidence.audit import Question
from ansible_collections.erpops.estate.plugins.module_utils.ledger.verify import verify
start = time.monotonic()
report = verify(Question(sys.argv[2]))
seconds = time.monotonic() - start
own, others = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
# No more than this: of the processes that share the work, each is taken for as large as the largest.
most = (own + others * len(os.sched_getaffinity(0))) / 1024
print(json.dumps({"ok": report.ok, "entries": report.entries, "seconds": seconds, "mib": most}))
"""


@dataclass(frozen=True)
class Figures:
    """Of one file: what hashing and verifying it took, and how much memory."""

    size: int
    hashing: float
    verifying: float
    mib: float

    @property
    def speed(self) -> float:
        """Return the speed as a part of that of hashing."""
        return self.hashing / self.verifying


def entries(count: int, length: int) -> Iterator[bytes]:
    """Yield a ledger as the writer would make it; json and digest of each line as they are."""
    previous = "0" * 64
    for number in range(1, count + 1):
        event = ("opened", "closed")[number % 2 - 1]
        start = f'{{"previous":"{previous}","event":"{event}","run":"{(number + 1) // 2:036d}","n":{number},"note":"'
        line = (start.ljust(length - 3, "x") + '"}\n').encode()
        previous = hashlib.sha256(line).hexdigest()
        yield line


def measured(length: int, count: int = ENTRIES) -> Figures:
    """Write a ledger, hash it, verify it."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "ledger.jsonl"
        with path.open("wb", 1 << 20) as stream:
            stream.writelines(entries(count, length))
        rounds = [(_hashing(path), _verifying(path, count)) for _round in range(ROUNDS)]
        hashing = min(seconds for seconds, _found in rounds)
        verifying = min(found["seconds"] for _seconds, found in rounds)
        return Figures(path.stat().st_size, hashing, verifying, max(found["mib"] for _seconds, found in rounds))


def _hashing(path: Path) -> float:
    start = time.monotonic()
    with path.open("rb") as stream:
        hashlib.file_digest(stream, "sha256")
    return time.monotonic() - start


def _verifying(path: Path, count: int) -> dict[str, Any]:
    source = Path(__file__).resolve().parents[2] / ".lab" / "src"
    _durations, output = duration([sys.executable, "-c", _VERIFY, source, path], 1)
    found: dict[str, Any] = json.loads(output)
    if not found["ok"] or found["entries"] != count:
        raise MeasurementFailed(f"the ledger that was written is not right: {found}")
    return found


def lines() -> Iterator[Line]:
    """Measure, and yield what is printed."""
    for what, length in (("entries of 1 KiB", LONGEST), ("entries of the usual length", USUAL)):
        found = measured(length)
        aim = f"at least {SPEED_LIMIT} of the speed of hashing the file" if length == LONGEST else ""
        speed = f"{found.verifying:.2f} s, hashing {found.hashing:.2f} s: {found.speed:.2f}"
        yield f"a million {what} verified", speed, aim, not aim or found.speed >= SPEED_LIMIT
        memory = f"at most {MEMORY_LIMIT_MIB} MiB"
        yield "  memory of all its processes", f"{found.mib:.0f} MiB", memory, found.mib <= MEMORY_LIMIT_MIB


if __name__ == "__main__":
    report = Report()
    report.lines(lines())
    sys.exit(report.end())
