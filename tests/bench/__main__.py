"""Prints the measurements: ``python -m tests.bench``."""

from __future__ import annotations

import json
import sys

from tests.bench import measure
from tests.lab import paths

REPEATS = 3
NOTHING_TO_DO_AIM, NOTHING_TO_DO_LIMIT, RATIO_LIMIT = 45, 75, 20
FRESH_LIMIT = 600
MEMORY_LIMIT_MIB = 8 * 1024
DEMO_AIM = 25 * 60
TEST_LIMIT = 60 * 60


def _line(what: str, figure: str, target: str) -> None:
    print(f"{what:<44} {figure:<38} {target}")


def _recorded() -> None:
    """The times of the long phases, as the run that went through them noted them."""
    if not paths.TIMINGS.exists():
        return
    for run, record in sorted(json.loads(paths.TIMINGS.read_text(encoding="utf-8")).items()):
        _line(f"make {run}, {record['at']}", f"{record['total']:.0f} s in all", "")
        for phase, seconds in record["phases"].items():
            _line(f"  {phase}", f"{seconds:.0f} s", "")


def main() -> int:
    """Measure and print; the exit status says only whether everything could be measured."""
    setup = measure.bare_setup(REPEATS)
    idle = measure.nothing_to_do(REPEATS)
    memory = measure.resident_mib()
    _line("measurement", "figure", "target")
    _line("bare setup on all hosts", f"median {setup.median:.1f} s, worst {setup.worst:.1f} s", "the unit of the ratio")
    _line(
        "site.yml with nothing to do",
        f"median {idle.median:.1f} s, worst {idle.worst:.1f} s",
        f"aim {NOTHING_TO_DO_AIM} s, at most {NOTHING_TO_DO_LIMIT} s",
    )
    _line("  as a ratio to the bare setup", f"{idle.median / setup.median:.1f}", f"at most {RATIO_LIMIT}")
    _line("memory (PSS) of the whole lab", f"{sum(memory.values()):.0f} MiB", f"at most {MEMORY_LIMIT_MIB} MiB")
    for machine, mebibytes in memory.items():
        _line(f"  {machine}", f"{mebibytes:.0f} MiB", "")
    _line("targets of the phases below", "", f"fresh site.yml {FRESH_LIMIT} s, demo {DEMO_AIM} s, test {TEST_LIMIT} s")
    _recorded()
    return 0


if __name__ == "__main__":
    sys.exit(main())
