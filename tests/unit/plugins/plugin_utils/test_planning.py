# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.evidence import record
from ansible_collections.erpops.estate.plugins.module_utils.governance import half_way
from ansible_collections.erpops.estate.plugins.module_utils.governance.earlier import earlier
from ansible_collections.erpops.estate.plugins.module_utils.ledger.runs import Runs
from ansible_collections.erpops.estate.plugins.module_utils.ledger.settings import load
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.plan import Estimates
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.planned import completed
from ansible_collections.erpops.estate.plugins.plugin_utils import planning

STEPS = [{"name": "a", "hosts": ["n1"], "seconds": 500}]
PLAN: dict[str, Any] = {"change": "CHG-2", "playbook": "switchover", "steps": STEPS}


@pytest.fixture
def configuration(tmp_path: Path) -> str:
    path = tmp_path / "ledger.json"
    path.write_text(json.dumps({"estate": "lab", "directory": str(tmp_path / "ledger")}))
    return str(path)


def ran(
    configuration: str, seconds: int, playbook: str = "switchover", plan: str = "sha256:1", written: Any = None
) -> None:
    """Keep the record of a governed run, as the callback does, or as it was ``written`` once."""
    settings = load(configuration)
    runs, run = Runs(settings.ledger(), settings.place()), str(uuid4())
    runs.open(run, {"playbook": f"{playbook}.yml", "account": "ada", "host": "bastion"})
    verdicts = ({"ok": True, "at": "2026-03-10T23:00:00+00:00", "done": []},)
    kept = record.Record(
        run,
        "lab",
        f"{playbook}.yml",
        "2026-03-10T23:00:00Z",
        f"2026-03-10T23:00:{seconds:02}+00:00",
        seconds,
        record.SUCCEEDED,
        change="CHG-1",
        plan={**PLAN, "playbook": playbook},
        verdicts=verdicts,
    )
    runs.close(
        run,
        {"outcome": "succeeded", "change": "CHG-1", "plan": plan or None},
        record.dump({**kept.as_dict(), **(written or {})}),
    )


def seconds(configuration: str) -> list[int]:
    return [step["seconds"] for step in planning.whole(PLAN, None, configuration)["steps"]]


def test_the_ledger_says_how_long_it_takes(configuration: str) -> None:
    assert seconds("") == [500]
    assert seconds(configuration) == [500], "there is no ledger yet"
    ran(configuration, 17)
    ran(configuration, 3, plan="")
    ran(configuration, 4, playbook="host_in")
    assert [found.seconds for found in earlier(configuration, "switchover")] == [17]
    assert seconds(configuration) == [20]


def test_a_ledger_that_cannot_be_read_is_no_estimate(configuration: str) -> None:
    ran(configuration, 17)
    for path in Path(load(configuration).directory, "records").iterdir():
        path.write_text("{}")
    assert seconds(configuration) == [500]


@pytest.mark.parametrize(
    "written",
    [
        {"[redacted]": 1, "steps": [{"[redacted]": "Ask"}]},
        {"verdicts": [{"ok": True, "at": "[redacted]", "done": []}]},
        {"plan": {**PLAN, "steps": [{"[redacted]": "a"}]}},
    ],
    ids=["record", "time", "plan"],
)
def test_a_record_that_cannot_be_read_takes_nothing_from_the_others(configuration: str, written: Any) -> None:
    ran(configuration, 17)
    ran(configuration, 41, written=written)
    assert seconds(configuration) == [20]


def test_a_change_that_was_begun_by_a_plan_that_nobody_can_read_is_refused_nothing(configuration: str) -> None:
    settings = load(configuration)
    about = {"change": "CHG-2", "plan": "sha256:9", "playbook": "switchover.yml"}
    kept = record.Record(
        "run", "lab", "switchover.yml", "", "", 1, record.FAILED, change="CHG-2", plan_digest="sha256:9"
    )
    runs, run = Runs(settings.ledger(), settings.place()), str(uuid4())
    runs.open(run, {"playbook": "switchover.yml"})
    runs.allow(run, about)
    said = {**kept.as_dict(), "plan": {"[redacted]": "CHG-2"}}
    runs.close(run, {**about, "outcome": "failed", "changed": 1}, record.dump(said))
    assert half_way.own(configuration, "CHG-2", "switchover") == {"sha256:9"}
    assert planning.begun(PLAN, None, configuration) is None


def test_records_of_other_machines_are_not_needed(configuration: str) -> None:
    ran(configuration, 17)
    kept = Path(load(configuration).directory, "records")
    (mine,) = kept.iterdir()
    ran(configuration, 41)
    (other,) = set(kept.iterdir()) - {mine}
    other.unlink()
    assert seconds(configuration) == [20]


def test_what_was_approved_is_what_counts(configuration: str) -> None:
    made = planning.whole(PLAN, None, configuration, inventory="sha256:2")
    assert made["after"] == {"collection": planning.version(), "inventory": "sha256:2"}
    approved = completed(made, None, estate="lab", environment="production")
    ran(configuration, 17)
    assert planning.whole(PLAN, approved, configuration, inventory="sha256:2") == {**made, "before": {}}


def test_what_is_known_here_is_no_matter_of_the_file(configuration: str) -> None:
    ran(configuration, 17)
    known = planning.known_here(planning.whole(PLAN, None, configuration))
    assert known == Estimates({"a": 20}, 20)
    assert planning.known_here(planning.whole(PLAN, None, "")) == Estimates({"a": 500}, 500)


def test_what_it_was_called_with_is_in_the_plan() -> None:
    given = {
        "plan": "x",
        "change": "y",
        "change_plan": "z",
        "awx_job_id": 7,
        "awx_s": "patroni",
        "tower_user_name": "eve",
        "restart_turn": "node3",
        "a": {"b": 1.5, "token": "t"},
        "db_password": "p",
    }
    found = planning.whole(PLAN, None, "", given=planning.called_with(given, job=True))["given"]
    assert found == {
        "a": '{"b": 1.5, "token": "[redacted]"}',
        "awx_s": "patroni",
        "db_password": "[redacted]",
        "restart_turn": "node3",
    }
    assert planning.called_with(given) == {**found, "awx_job_id": "7", "tower_user_name": "eve"}
    assert planning.whole(PLAN, None, "")["given"] == {}
