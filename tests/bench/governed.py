# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run of site.yml with nothing to do pays for being governed and recorded: ``python -m tests.bench.governed``.

Needs the running estate; nothing of it is changed but that its shared ledger has a few entries more, and checkpoints by
a key that is gone with the directory it lies in, as what governs the estate for that time is: who verifies the lab's
ledger later counts them as a stranger's.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.evidence.record import SUCCEEDED, Record
from ansible_collections.erpops.estate.plugins.module_utils.ledger.runs import Runs
from ansible_collections.erpops.estate.plugins.module_utils.ledger.settings import load
from ansible_collections.erpops.estate.plugins.module_utils.ledger.writer import Written

from tests.bench.measure import MeasurementFailed
from tests.bench.report import Line, Report
from tests.estate.bastion import Bastion
from tests.estate.governed import CHANGE, GovernedLab

GATE = "erpops.estate.change_gate"
# Of a run that has a change, a launcher and the recorder nothing more is asked.
RULES = """
  - for: {environments: [development]}
    window: false
"""
CALLBACK_LIMIT_MS = 1000
ROUNDS = 7
# Of the usual length; nobody's change, and of no playbook that estimates are made from.
ABOUT = {
    "playbook": "bench.yml",
    "change": "CHG-BENCH",
    "plan": f"sha256:{'0' * 64}",
    "launcher": "eve",
    "break_glass": None,
}
RECORD = b"{}\n"


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
    parts = f"{cost.opening_ms} ms, {cost.allowing_ms} ms, {cost.ending_ms} ms"
    # The file of one machine, as what governs it; through etcd and a bucket they are measured below.
    yield "    of it first entry, gate's yes, record", parts, "", cost.allowing_ms > 0


def through(configuration: str) -> Iterator[Line]:
    """Yield what each entry of a run takes in the ledger of this configuration, with its record and checkpoint."""
    settings = load(configuration)
    taken: dict[str, list[float]] = {}
    for _round in range(ROUNDS):
        runs, run = Runs(settings.ledger(), settings.place()), str(uuid4())
        acts: dict[str, Callable[[], Written | None]] = {
            "opened": partial(runs.open, run, {"playbook": ABOUT["playbook"]}),
            "allowed": partial(runs.allow, run, ABOUT),
            "closed": partial(runs.close, run, {**ABOUT, "outcome": SUCCEEDED, "changed": 0, "seconds": 0}, RECORD),
        }
        for event, act in acts.items():
            began = time.perf_counter()
            written = act()
            taken.setdefault(event, []).append(time.perf_counter() - began)
            if written is None or written.spooled or written.trouble:
                raise MeasurementFailed(f"{event}: expected an entry in the ledger itself, found {written}")
    for event, seconds in taken.items():
        figure = f"median {statistics.median(seconds) * 1000:.0f} ms, worst {max(seconds) * 1000:.0f} ms"
        yield f"  its entry {event}, of {ROUNDS}", figure, "", True


def shared() -> Iterator[Line]:
    """Yield what entries take in the ledger that the lab's machines share: this one is set up for that time."""
    with tempfile.TemporaryDirectory() as directory:
        bastion = Bastion(Path(directory))
        bastion.set_up()
        yield "a run in the ledger of etcd and bucket", "", "", True
        yield from through(str(bastion.path / "ledger.json"))


def lines() -> Iterator[Line]:
    """Measure, and yield what is printed."""
    yield from told(quiet_run())
    yield from shared()


if __name__ == "__main__":
    report = Report()
    report.lines(lines())
    sys.exit(report.end())
