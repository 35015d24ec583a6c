"""The figures of a run: what is kept as JSON, what a person reads, and what was wrong."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any

from tests.load.ledger import ORDER
from tests.load.outcome import Failure
from tests.load.truth import Truth

PERCENTILES = (50, 90, 99, 100)
# A load that sends later than this does not measure what it says it measures.
BEHIND = 0.5
# Of the orders that were due, how large a part has to be acknowledged, however long the estate stood still meanwhile.
ENOUGH = 0.5
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Sample:
    """One request, by the monotonic clock."""

    stream: str
    due: float
    started: float
    ended: float
    failure: Failure | None = None
    detail: str = ""

    @property
    def seconds(self) -> float:
        """How long its user waited: from when it was due, not from when the load got round to it."""
        return self.ended - self.due


@dataclass(frozen=True)
class Websockets:
    """What the screens' websockets went through."""

    open: int = 0
    asked: int = 0
    slowest_answer: float = 0.0
    outages: tuple[float, ...] = ()
    why: tuple[str, ...] = ()


@dataclass(frozen=True)
class Failures:
    """Requests that failed alike: how many, whose, and when the first and the last were due, in seconds of the run."""

    kind: str
    detail: str
    count: int
    streams: Mapping[str, int]
    first: float
    last: float


@dataclass(frozen=True)
class Machine:
    """How busy the machine was, everything on it counted, and the share of the load itself."""

    processors: int
    busy: float
    own: float


@dataclass(frozen=True)
class Result:
    """Everything that is to be known of a run."""

    run: str
    ledger: str
    began: float
    ended: float
    wanted: Mapping[str, float]
    samples: Sequence[Sample]
    acknowledged: Sequence[float]
    fates: Mapping[str, int]
    connections: Mapping[str, int]
    websockets: Websockets
    machine: Machine
    truth: Truth
    defects: Sequence[str] = field(default_factory=tuple)

    @property
    def seconds(self) -> float:
        return self.ended - self.began

    @property
    def failed(self) -> list[Sample]:
        """Return the failed requests."""
        return [sample for sample in self.samples if sample.failure]

    @property
    def failures(self) -> list[Failures]:
        """Return the failed requests by what was said, the first first."""
        alike: dict[tuple[str, str], list[Sample]] = {}
        for sample in self.failed:
            alike.setdefault((str(sample.failure), sample.detail), []).append(sample)
        return [
            Failures(
                kind,
                detail,
                len(samples),
                dict(Counter(sample.stream for sample in samples)),
                round(samples[0].due - self.began, 1),
                round(samples[-1].due - self.began, 1),
            )
            for (kind, detail), samples in alike.items()
        ]

    @property
    def longest_gap(self) -> float:
        """Return the longest time in which no order was acknowledged, the ends of the run included."""
        return longest_gap(self.acknowledged, self.began, self.ended)

    @property
    def behind(self) -> float | None:
        """Return the 99th percentile of how late the load itself was."""
        return percentile([sample.started - sample.due for sample in self.samples], 99)

    @property
    def worthless(self) -> list[str]:
        """Return why the run proves nothing, as sentences: an estate that nobody asks fails nobody."""
        said = [f"the load itself is at fault: {defect}" for defect in self.defects]
        if (self.behind or 0.0) > BEHIND:
            said.append(f"the load fell behind its own schedule by {self.behind:.2f} s (99 %): not a measurement")
        due = self.wanted.get(ORDER, 0.0) * self.seconds
        if len(self.acknowledged) < ENOUGH * due:
            said.append(
                f"expected {ENOUGH:.0%} of the {due:.0f} orders that were due to be acknowledged at least, "
                f"found {len(self.acknowledged)}: not a measurement"
            )
        return said

    @property
    def faults(self) -> list[str]:
        """Return what must not be where nobody may notice anything, as sentences."""
        said = self.worthless
        counts = Counter(sample.failure.value for sample in self.samples if sample.failure)
        if counts:
            said.append(f"{counts.total()} failed requests: {_counted(counts)}")
        return said + self.truth.faults

    def data(self) -> dict[str, Any]:
        """Return the figures as they are kept."""
        return {
            "run": self.run,
            "ledger": self.ledger,
            "seconds": round(self.seconds, 1),
            "streams": {name: self._stream(name) for name in sorted({sample.stream for sample in self.samples})},
            "failed": Counter(sample.failure.value for sample in self.failed if sample.failure),
            "failures": [asdict(kind) for kind in self.failures],
            "orders": dict(self.fates),
            "longest_gap_seconds": round(self.longest_gap, 3),
            "behind_ms": _ms(self.behind),
            "connections": dict(self.connections),
            "websockets": asdict(self.websockets),
            "machine": asdict(self.machine),
            "truth": {**asdict(self.truth), "holds": self.truth.holds},
            "faults": self.faults,
        }

    def kept(self) -> dict[str, Any]:
        """Return the figures that are kept with what was done under the load."""
        data, unknown = self.data(), self.truth.unknown
        return {
            "seconds": data["seconds"],
            "requests": sum(figures["requests"] for figures in data["streams"].values()),
            "failed": data["failed"],
            "orders": data["orders"],
            "longest_gap_seconds": data["longest_gap_seconds"],
            "unknown_there": len(unknown.there),
            "unknown_absent": len(unknown.absent),
            "behind_ms": data["behind_ms"],
            "defects": list(self.defects),
            "worthless": self.worthless,
            "put_right": list(self.truth.put_right),
            "untrue": self.truth.faults,
        }

    def summary(self) -> str:
        """Return the figures as a person reads them."""
        lines = [f"{self.run}: {self.seconds:.0f} s of load through the virtual address"]
        head = ("", "wanted/s", "reached/s", "answered", "failed", *(f"{_name(p)} ms" for p in PERCENTILES))
        lines.append("  " + _row(head))
        for name, figures in self.data()["streams"].items():
            answered = figures["requests"] - figures["failed"]
            wanted = "" if figures["wanted"] is None else f"{figures['wanted']:g}"
            times = [("-" if value is None else f"{value:.0f}") for value in figures["ms"].values()]
            cells = (name, wanted, f"{figures['reached']:.2f}", str(answered), str(figures["failed"]), *times)
            lines.append("  " + _row(cells))
        sockets, truth, machine = self.websockets, self.truth, self.machine
        outages = f", longest outage {max(sockets.outages):.1f} s" if sockets.outages else ""
        there, absent = len(truth.unknown.there), len(truth.unknown.absent)
        lines += [
            f"  orders: {_counted(self.fates)}; longest time without an acknowledged one {self.longest_gap:.2f} s",
            f"  connections: {_counted(self.connections)}",
            f"  websockets: {sockets.open} kept open, {len(sockets.outages)} times lost{outages}",
            f"  machine: {machine.busy:.0%} of {machine.processors} processors busy, {machine.own:.0%} of one by us",
            f"  schedule: kept to {_ms(self.behind)} ms (99 %)",
            f"  database: {truth.acknowledged} acknowledged orders asked for; unknown: {there} there, {absent} not",
        ]
        lines += [
            f"  failed: {each.count} times {each.detail} ({each.first:g} s to {each.last:g} s)"
            for each in sorted(self.failures, key=lambda each: -each.count)[:SHOWN]
        ]
        lines += [f"  put right by Odoo's own housekeeping: {each}" for each in truth.put_right]
        lines += [f"  FAULT  {fault}" for fault in self.faults] or ["  nothing failed, nothing lost, nothing doubled"]
        return "\n".join(lines)

    def _stream(self, name: str) -> dict[str, Any]:
        samples = [sample for sample in self.samples if sample.stream == name]
        failed = sum(sample.failure is not None for sample in samples)
        answered = [sample.seconds for sample in samples if not sample.failure]
        return {
            "wanted": self.wanted.get(name),
            "reached": round((len(samples) - failed) / self.seconds, 3) if self.seconds else 0.0,
            "requests": len(samples),
            "failed": failed,
            "ms": {_name(p): _ms(percentile(answered, p, failed)) for p in PERCENTILES},
        }


def disproof(load: Mapping[str, Any]) -> list[str]:
    """Return what must not be of a load as it is kept where requests may fail, as sentences.

    Of one that was kept before loads were asked for it, it is not known that it was worthless.
    """
    return [*load.get("worthless", ()), *load["untrue"]]


def percentile(values: Iterable[float], share: float, failed: int = 0) -> float | None:
    """Return the nearest-rank percentile, None where it falls among those that failed.

    A failed request has no time, or took for ever: left out, the figures would be best where the estate is worst.
    """
    ordered = sorted(values)
    rank = max(1, math.ceil((len(ordered) + failed) * share / 100))
    return ordered[rank - 1] if rank <= len(ordered) else None


def longest_gap(moments: Iterable[float], began: float, ended: float) -> float:
    """Return the longest time within the bounds without any of the moments."""
    inside = sorted(moment for moment in moments if began < moment < ended)
    return max(later - earlier for earlier, later in pairwise([began, *inside, ended]))


def _name(share: float) -> str:
    return "worst" if share == 100 else f"p{share:g}"


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 1)


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "none"


def _row(cells: Sequence[str]) -> str:
    return f"{cells[0]:<10}" + "".join(f"{cell:>11}" for cell in cells[1:])
