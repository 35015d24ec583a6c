# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a governed run has paid is read from its record."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.evidence.record import Record, Spent, Step

from tests.bench.governed import GATE, told
from tests.bench.measure import MeasurementFailed

ASKED = tuple(Step("p", "Ask", GATE, index, seconds) for index, seconds in enumerate((0.5, 0.2, 0.2)))
OTHER = Step("p", "Look", "erpops.estate.host_survey", 9.0, 30.0)
RECORD = Record(
    run="r",
    estate="lab",
    playbook="site.yml",
    started="",
    ended="",
    seconds=41.5,
    outcome="succeeded",
    steps=(*ASKED, OTHER),
    spent=Spent(1200, 50, 4200, 300, 250, 150),
)


def test_the_gate_and_the_callback_stand_beside_what_they_are_held_to() -> None:
    assert list(told(RECORD)) == [
        ("site.yml, governed and recorded", "41.5 s", "", True),
        ("  the gate, asked 3 times", "0.9 s; median 0.20 s, worst 0.50 s", "", True),
        ("  the callback, 1200 events", "700 ms; median 0.05 ms, worst 4.2 ms", "at most 1000 ms", True),
        ("    of it first entry, record", "250 ms, 150 ms", "", True),
    ]
    slow = list(told(replace(RECORD, spent=replace(RECORD.spent, ending_ms=500))))
    assert [holds for _what, _figure, _target, holds in slow] == [True, True, False, True]


def test_a_run_that_nobody_asked_for_is_no_measurement() -> None:
    with pytest.raises(MeasurementFailed, match="never asked"):
        list(told(replace(RECORD, steps=(OTHER,))))
