# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run of site.yml with nothing to do pays for being governed and recorded: ``python -m tests.bench.governed``.

Needs the running estate; nothing of it is changed. What governs it lies in a directory of its own for that time.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.evidence.record import Record

from tests.bench.measure import MeasurementFailed
from tests.bench.report import Line, Report
from tests.estate.governed import CHANGE, GovernedLab

GATE = "erpops.estate.change_gate"
# Of a run that has a change, a launcher and the recorder nothing more is asked.
RULES = """
  - for: {environments: [development]}
    window: false
"""
CALLBACK_LIMIT_MS = 1000


def quiet_run() -> Record:
    """Plan, launch and run site.yml as a governed change; return the record of it."""
    with tempfile.TemporaryDirectory() as directory, pytest.MonkeyPatch.context() as patch:
        lab = GovernedLab(Path(directory), patch, rules=RULES, effect="window")
        called = {"change": CHANGE, "plan": str(lab.path / "plan.json")}
        lab.act("site", called, "--check")
        lab.sign("eve", "launch")
        run = lab.act("site", called)
        if run.changes:
            raise MeasurementFailed(f"site.yml had something to do ({run.tasks}): measure again when it has not")
        return lab.record()


def told(record: Record) -> Iterator[Line]:
    """Yield what the gate and the callback have taken of a run."""
    yield "site.yml, governed and recorded", f"{record.seconds:.1f} s", "", True
    asked = [step.seconds for step in record.steps if step.action == GATE]
    if not asked:
        raise MeasurementFailed("the gate was never asked")
    each = f"median {statistics.median(asked):.2f} s, worst {max(asked):.2f} s"
    yield f"  the gate, asked {len(asked)} times", f"{sum(asked):.1f} s; {each}", "", True
    cost = record.spent
    whole = cost.total_ms + cost.opening_ms + cost.ending_ms
    each = f"median {cost.median_us / 1000:.2f} ms, worst {cost.worst_us / 1000:.1f} ms"
    limit = f"at most {CALLBACK_LIMIT_MS} ms"
    yield f"  the callback, {cost.events} events", f"{whole} ms; {each}", limit, whole <= CALLBACK_LIMIT_MS
    yield "    of it first entry, record", f"{cost.opening_ms} ms, {cost.ending_ms} ms", "", True


def lines() -> Iterator[Line]:
    """Measure, and yield what is printed."""
    yield from told(quiet_run())


if __name__ == "__main__":
    report = Report()
    report.lines(lines())
    sys.exit(report.end())
