# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is under way is told by the ledger itself, and by nothing but entries of changes that matter."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.evidence.entry import record_name
from ansible_collections.erpops.estate.plugins.module_utils.governance.asked import Answer, answer
from ansible_collections.erpops.estate.plugins.module_utils.ledger.runs import Runs
from ansible_collections.erpops.estate.plugins.module_utils.ledger.settings import load

from tests.controller.governed import ASKED, CHANGE, POLICY
from tests.unit.plugins.module_utils.governance.test_asked import Bastion

MOVE = "CHG-2026-0050"
MOVING = ASKED.replace(CHANGE, MOVE).replace("kind: patch", "kind: migration")
MINDS = POLICY.replace("launchers: [engineer]", "launchers: [engineer]\n    not_beside: [migration]")
OVERLAP = f"overlap: expected no migration beside patch, found {MOVE} by hal since "


@pytest.fixture
def bastion(tmp_path: Path) -> Bastion:
    found = Bastion(tmp_path, **{"policy.yml": MINDS, f"changes/{MOVE}.yml": MOVING})
    found.ready()
    return found


def ran(
    bastion: Bastion,
    number: int,
    outcome: str,
    changed: int,
    plan: str = "1",
    hosts: str = "n1 n2",
    change: str = MOVE,
) -> None:
    """Have a run in the ledger, from its beginning to its end; of the other change, if of none in particular."""
    kept = {"plan": {"steps": [{"name": "redis", "hosts": hosts.split()}]}}
    settings, run = load(bastion.configuration), str(UUID(int=number))
    runs, about = (
        Runs(settings.ledger(), settings.place()),
        {"playbook": "site.yml", "change": change, "launcher": "hal"},
    )
    runs.open(run, {"playbook": "site.yml"})
    runs.allow(run, {**about, "plan": f"sha256:{plan}"})
    if outcome:
        end = {"plan": f"sha256:{plan}", "outcome": outcome, "changed": changed}
        runs.close(run, {**about, **end}, json.dumps(kept).encode())


def asked(bastion: Bastion) -> Answer:
    return answer(bastion.asking(), bastion.now)


def overlaps(bastion: Bastion) -> list[str]:
    return [reason for reason in asked(bastion).verdict.reasons if reason.startswith("overlap")]


def test_what_stopped_half_way_stops_what_may_not_be_beside_it_until_it_is_finished(bastion: Bastion) -> None:
    ran(bastion, 8, "failed", 0)
    assert overlaps(bastion) == []
    ran(bastion, 9, "failed", 2)
    (said,) = overlaps(bastion)
    assert said.startswith(OVERLAP)
    assert f"site.yml failed after 2 changes, as entry {bastion.entries()[-1].n} says" in said
    ran(bastion, 10, "succeeded", 1)
    assert asked(bastion).verdict.ok


def test_what_began_first_goes_on_where_two_stand_half_way(bastion: Bastion) -> None:
    ran(bastion, 9, "failed", 2, change=CHANGE)
    ran(bastion, 10, "failed", 2)
    assert asked(bastion).verdict.ok


def test_records_say_whether_a_run_had_less_to_do_than_the_one_that_it_would_finish(bastion: Bastion) -> None:
    ran(bastion, 9, "failed", 2)
    ran(bastion, 10, "succeeded", 1, plan="2", hosts="n2")
    assert overlaps(bastion)[0].startswith(OVERLAP)
    ran(bastion, 11, "succeeded", 1, plan="3", hosts="n1 n2 n3")
    assert overlaps(bastion) == []
    (bastion.ledger / record_name(bastion.entries()[-1].fields["record"])).unlink()
    assert overlaps(bastion)[0].startswith(OVERLAP), "a record that is not here finishes nothing"


def test_it_is_over_where_an_owner_has_signed_that_it_is(bastion: Bastion) -> None:
    ran(bastion, 9, "", 0)
    assert overlaps(bastion)[0].startswith(OVERLAP)
    bastion.commit(**{f"changes/{MOVE}.yml": MOVING + "state: withdrawn\n"})
    assert asked(bastion).verdict.ok


def test_who_only_asks_is_told_too(bastion: Bastion) -> None:
    ran(bastion, 9, "failed", 2)
    found = answer(replace(bastion.asking(), check=True), bastion.now).verdict
    assert found.reasons[0].startswith(OVERLAP)
