"""What users meet while each database host in turn, which leads PostgreSQL then, leaves for maintenance."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from tests.bench.measure import duration
from tests.bench.report import Line, met
from tests.estate.wait import until_whole
from tests.estate.world import Estate, Host
from tests.lab import paths
from tests.load.load import Load
from tests.load.result import Result

OUT, IN, SWITCHOVER = (f"erpops.estate.{playbook}" for playbook in ("host_out", "host_in", "switchover"))
# How long the host stays out, and how long is looked on after it is back.
AWAY_SECONDS = AFTER_SECONDS = 5


@dataclass(frozen=True)
class Turn:
    """One host out and in: how long each playbook took in seconds, and what the load's users met."""

    host: str
    out: float
    back: float
    load: Result


def taken(estate: Estate, host: Host) -> Turn:
    """Let a host lead PostgreSQL, take it out under load, and put it back."""
    _run(SWITCHOVER, f"switchover_to={host.name}")
    until_whole(estate)
    with Load(estate, estate.instance("north")) as load:
        out = _run(OUT, f"out_host={host.name}")
        time.sleep(AWAY_SECONDS)
        back = _run(IN, f"out_host={host.name}")
        time.sleep(AFTER_SECONDS)
    until_whole(estate)
    return Turn(host.name, out, back, load.result())


def told(turn: Turn) -> Iterator[Line]:
    """Yield what is printed of one host."""
    load = turn.load
    yield (
        f"host_out and host_in of {turn.host}, the leader",
        f"{turn.out:.0f} s and {turn.back:.0f} s, {len(load.samples)} requests",
        met(load),
        not load.faults,
    )
    gap = f"{load.longest_gap:.2f} s"
    yield "  longest time without an acknowledged order", gap, f"websockets: {_outages(load)}", True


def lines() -> Iterator[Line]:
    """Measure, and yield what is printed."""
    estate = Estate.load()
    for host in estate.group("patroni"):
        yield from told(taken(estate, host))


def _outages(load: Result) -> str:
    gaps = load.websockets.outages
    return f"{len(gaps)} away, at most {max(gaps):.1f} s" if gaps else "none away"


def _run(playbook: str, variable: str) -> float:
    return duration([paths.RUN_PLAYBOOK, playbook, "-e", variable, "-e", "out_reason=bench"], 1)[0].worst
