"""Prints the measurements: ``python -m tests.bench``."""

from __future__ import annotations

import json
import sys
from typing import Any

from tests.bench import governance, ledger, measure, switchover
from tests.drills import results
from tests.lab import paths

REPEATS = 3
NOTHING_TO_DO_AIM, NOTHING_TO_DO_LIMIT, RATIO_LIMIT = 45, 75, 20
FRESH_LIMIT = 600
MEMORY_LIMIT_MIB = 8 * 1024
DEMO_AIM = 25 * 60
TEST_LIMIT = 60 * 60
VERDICT_KEPT_LIMIT, VERDICT_COLD_LIMIT = 1, 10


def _line(what: str, figure: str, target: str = "") -> None:
    print(f"{what:<46} {figure:<40} {target}".rstrip(), flush=True)


def _of(measured: float, target: float) -> str:
    return f"{measured / target:.2f} of it"


def _measured() -> None:
    """What is measured now, on the running estate."""
    setup = measure.bare_setup(REPEATS)
    idle = measure.nothing_to_do(REPEATS)
    memory = measure.resident_mib()
    _line("bare setup on all hosts", f"median {setup.median:.1f} s, worst {setup.worst:.1f} s", "the unit of the ratio")
    _line(
        "site.yml with nothing to do",
        f"median {idle.median:.1f} s, worst {idle.worst:.1f} s",
        f"aim {NOTHING_TO_DO_AIM} s, at most {NOTHING_TO_DO_LIMIT} s: {_of(idle.median, NOTHING_TO_DO_LIMIT)}",
    )
    ratio = idle.median / setup.median
    _line("  as a ratio to the bare setup", f"{ratio:.1f}", f"at most {RATIO_LIMIT}: {_of(ratio, RATIO_LIMIT)}")
    total = sum(memory.values())
    _line(
        "memory (PSS) of the whole lab",
        f"{total:.0f} MiB",
        f"at most {MEMORY_LIMIT_MIB} MiB: {_of(total, MEMORY_LIMIT_MIB)}",
    )
    for machine, mebibytes in memory.items():
        _line(f"  {machine}", f"{mebibytes:.0f} MiB")


def _governance() -> None:
    """What the change gate costs; no estate is needed."""
    cost = governance.verdict_over_many_calendars(REPEATS)
    over = f"{governance.CALENDARS} calendars, {cost.events} events, {cost.occurrences} times"
    for what, seconds, limit in (
        ("calendars read before", cost.kept, VERDICT_KEPT_LIMIT),
        ("nothing read before", cost.cold, VERDICT_COLD_LIMIT),
    ):
        _line(f"a verdict, {what}", f"{seconds:.2f} s", f"below {limit} s: {_of(seconds, limit)} ({over})")


def _ledger() -> None:
    """What verifying the ledger costs; no estate is needed."""
    for what, figure, target in ledger.lines():
        _line(what, figure, target)


def _switchovers() -> None:
    """What a planned change of PostgreSQL's leader costs, with and without what is ours."""
    for what, figure, target in switchover.lines():
        _line(what, figure, target)


def _recorded(runs: dict[str, Any]) -> None:
    """The times of the long runs, as the run that went through them noted them, by what it found when it began."""
    for run, record in sorted(runs.items()):
        target = ""
        if run == "demo, from bare":
            target = f"aim {DEMO_AIM} s: {_of(record['total'], DEMO_AIM)}"
        elif run.startswith("test, "):
            target = f"at most {TEST_LIMIT} s: {_of(record['total'], TEST_LIMIT)}"
        _line(f"make {run}", f"{record['total']:.0f} s in all, {record['at']}", target)
        for phase, seconds in record["phases"].items():
            # On machines that were just raised; on others there is nothing or little to do.
            fresh = phase == "Converge" and not run.endswith("with everything up")
            target = (
                f"site.yml on fresh machines, at most {FRESH_LIMIT} s: {_of(seconds, FRESH_LIMIT)}" if fresh else ""
            )
            _line(f"  {phase}", f"{seconds:.0f} s", target)


def main() -> int:
    """Measure and print; the exit status says only whether everything could be measured."""
    _line("measurement", "figure", "target")
    _governance()
    _ledger()
    try:
        _measured()
        _switchovers()
    except (measure.MeasurementFailed, AssertionError) as error:
        print(error, file=sys.stderr)
        return 1
    runs = json.loads(paths.TIMINGS.read_text(encoding="utf-8")) if paths.TIMINGS.exists() else {}
    _recorded(runs)
    # Measured when they were done, under load, not now.
    for what, figure, target in results.shown():
        _line(what, figure, target)
    for run in ("demo, from bare", "test, from bare"):
        if run not in runs:
            _line(f"make {run}", "never run in this checkout")
    return 0


if __name__ == "__main__":
    sys.exit(main())
