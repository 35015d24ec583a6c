# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a governed run has paid is read from its record."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.evidence.record import Record, Spent, Step

from tests.bench.governed import GATE, ROUNDS, through, told
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
    spent=Spent(1200, 50, 4200, 300, 250, 150, 40),
)


def test_the_gate_and_the_callback_stand_beside_what_they_are_held_to() -> None:
    assert list(told(RECORD)) == [
        ("site.yml, governed and recorded", "41.5 s", "", True),
        ("  the gate, asked 3 times", "0.9 s; median 0.20 s, worst 0.50 s", "", True),
        ("  the callback, 1200 events", "700 ms; median 0.05 ms, worst 4.2 ms", "at most 1000 ms", True),
        ("    of it first entry, gate's yes, record", "250 ms, 40 ms, 150 ms", "", True),
    ]
    slow = list(told(replace(RECORD, spent=replace(RECORD.spent, ending_ms=500))))
    assert [holds for _what, _figure, _target, holds in slow] == [True, True, False, True]


def test_a_run_that_nobody_asked_for_is_no_measurement() -> None:
    with pytest.raises(MeasurementFailed, match="never asked"):
        list(told(replace(RECORD, steps=(OTHER,))))


def test_a_yes_that_was_never_written_is_no_measurement() -> None:
    """What the gate let through has an entry, and writing it takes time."""
    (*_others, line) = told(replace(RECORD, spent=replace(RECORD.spent, allowing_ms=0)))
    assert not line[3]


def test_each_entry_of_a_run_is_measured_in_the_ledger_itself(tmp_path: Path) -> None:
    configuration = tmp_path / "ledger.json"
    configuration.write_text(json.dumps({"estate": "lab", "directory": str(tmp_path / "ledger")}))
    assert [what for what, _figure, _target, _holds in through(str(configuration))] == [
        f"  its entry {event}, of {ROUNDS}" for event in ("opened", "allowed", "closed")
    ]
    assert len((tmp_path / "ledger" / "ledger.jsonl").read_bytes().splitlines()) == 3 * ROUNDS
    nobody = {"members": {"a": "127.0.0.1"}, "port": 1, "ca_file": "/ca", "cert_file": "/cert", "key_file": "/key"}
    configuration.write_text(json.dumps({"estate": "lab", "directory": str(tmp_path / "other"), "etcd": nobody}))
    with pytest.raises(MeasurementFailed, match="opened: expected an entry in the ledger itself"):
        list(through(str(configuration)))
