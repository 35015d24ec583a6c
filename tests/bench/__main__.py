"""Prints the measurements: ``python -m tests.bench``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

from tests.bench import governance, governed, ledger, maintenance, measure, switchover
from tests.bench.report import Report, of
from tests.drills import results
from tests.lab import paths

REPEATS = 3
NOTHING_TO_DO_AIM, NOTHING_TO_DO_LIMIT, RATIO_LIMIT = 45, 75, 20
FRESH_LIMIT = 600
MEMORY_LIMIT_MIB = 8 * 1024
DEMO_AIMS = {"demo, from bare": 25 * 60, "demo, with everything up": 2 * 60}
LIMITS = {"test": 60 * 60, "check": 2 * 60}
VERDICT_KEPT_LIMIT, VERDICT_COLD_LIMIT = 1, 10


def _nothing_to_do(report: Report) -> None:
    setup = measure.bare_setup(REPEATS)
    idle = measure.nothing_to_do(REPEATS)
    report.line("bare setup on all hosts", _spread(setup), "the unit of the ratio")
    bound = f"aim {NOTHING_TO_DO_AIM} s, at most {NOTHING_TO_DO_LIMIT} s"
    report.most("site.yml with nothing to do", _spread(idle), idle.median, NOTHING_TO_DO_LIMIT, bound)
    ratio = idle.median / setup.median
    report.most("  as a ratio to the bare setup", f"{ratio:.1f}", ratio, RATIO_LIMIT, f"at most {RATIO_LIMIT}")


def _memory(report: Report) -> None:
    memory = measure.resident_mib()
    total = sum(memory.values())
    bound = f"at most {MEMORY_LIMIT_MIB} MiB"
    report.most("memory (PSS) of the whole lab", f"{total:.0f} MiB", total, MEMORY_LIMIT_MIB, bound)
    for machine, mebibytes in memory.items():
        report.line(f"  {machine}", f"{mebibytes:.0f} MiB")


def _spread(durations: measure.Durations) -> str:
    return f"median {durations.median:.1f} s, worst {durations.worst:.1f} s"


def _governance(report: Report) -> None:
    """What the change gate costs; no estate is needed."""
    cost = governance.verdict_over_many_calendars(REPEATS)
    over = f" ({governance.CALENDARS} calendars, {cost.events} events, {cost.occurrences} times)"
    for what, seconds, limit in (
        ("calendars read before", cost.kept, VERDICT_KEPT_LIMIT),
        ("nothing read before", cost.cold, VERDICT_COLD_LIMIT),
    ):
        report.most(f"a verdict, {what}", f"{seconds:.2f} s", seconds, limit, f"at most {limit} s", more=over)


def recorded(report: Report, runs: dict[str, Any]) -> None:
    """The times of the long runs, as the run that went through them noted them, by what it found when it began."""
    for run, record in sorted(runs.items()):
        what, figure, total = f"make {run}", f"{record['total']:.0f} s in all, {record['at']}", record["total"]
        command = run.partition(", ")[0]
        if run in DEMO_AIMS:
            report.line(what, figure, f"aim {DEMO_AIMS[run]} s: {of(total, DEMO_AIMS[run])}")
        elif command in LIMITS:
            report.most(what, figure, total, LIMITS[command], f"at most {LIMITS[command]} s")
        else:
            report.line(what, figure)
        for phase, seconds in record["phases"].items():
            # On machines that were just raised; on others there is nothing or little to do.
            if phase == "Converge" and not run.endswith("with everything up"):
                bound = f"site.yml on fresh machines, at most {FRESH_LIMIT} s"
                report.most(f"  {phase}", f"{seconds:.0f} s", seconds, FRESH_LIMIT, bound)
            else:
                report.line(f"  {phase}", f"{seconds:.0f} s")
    for run in (*DEMO_AIMS, "test, from bare"):
        if run not in runs:
            report.line(f"make {run}", "never run in this checkout")
    if not any(run.startswith("check, ") for run in runs):
        report.line("make check", "never run in this checkout")


def _noted(report: Report) -> None:
    recorded(report, json.loads(paths.TIMINGS.read_text(encoding="utf-8")) if paths.TIMINGS.exists() else {})


# What needs no estate, then what is measured on the running one, then what was measured when it was done.
BLOCKS: Mapping[str, Callable[[Report], None]] = {
    "the change gate": _governance,
    "the ledger": lambda report: report.lines(ledger.lines()),
    "site.yml with nothing to do": _nothing_to_do,
    "memory": _memory,
    "site.yml, governed and recorded": lambda report: report.lines(governed.lines()),
    "switchovers": lambda report: report.lines(switchover.lines()),
    "hosts that leave": lambda report: report.lines(maintenance.lines()),
    "long runs": _noted,
    "drills": lambda report: report.lines(results.shown()),
}


def main() -> int:
    """Measure and print; end with 1 where something could not be measured or is above an "at most"."""
    report = Report()
    report.line("measurement", "figure", "target")
    for what, measured in BLOCKS.items():
        with report.block(what):
            measured(report)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
