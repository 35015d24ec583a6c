# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.evidence.declared import change, check
from ansible_collections.erpops.estate.plugins.module_utils.evidence.record import (
    FORMAT,
    Failure,
    Record,
    Spent,
    Step,
    dump,
    load,
)
from ansible_collections.erpops.estate.plugins.module_utils.evidence.recorder import Ending, Recorder, Status, spent
from ansible_collections.erpops.estate.plugins.module_utils.evidence.redaction import REDACTED

GATE = "erpops.estate.change_gate"
ENDING = Ending(at=9.0, stamp="2026-11-23T08:00:09Z", outcome="succeeded", hosts={"db1": {"ok": 2}})


def recorder() -> Recorder:
    return Recorder(
        run="r1", estate="lab", playbook="site.yml", started="2026-11-23T08:00:00Z", origin={"account": "ada"}
    )


def record(told: Recorder, **more: Any) -> Record:
    return load(dump(told.finish(ENDING, **more)))


def test_a_run_is_its_steps_with_times_and_outcomes() -> None:
    told = recorder()
    told.play("Converge")
    told.task("t1", "Write", "ansible.builtin.copy", 1.0)
    told.result("t1", "db1", Status.CHANGED, 2.0)
    told.result("t1", "db2", Status.OK, 2.5)
    told.result("t1", "db3", Status.SKIPPED, 7.0)
    told.task("t2", "Nothing to do", "ansible.builtin.copy", 3.0)
    told.result("t2", "db1", Status.SKIPPED, 3.0)
    told.task("t3", "Ask", "ansible.builtin.command", 4.0)
    told.result("t3", "db1", Status.FAILED, 5.0, message="x" * 600)
    told.result("t3", "db2", Status.IGNORED, 5.0, message="never mind")
    told.result("t3", "db3", Status.UNREACHABLE, 6.0, message="no route")
    told.result("never announced", "db1", Status.OK, 6.0)
    found = record(told)
    assert found.steps == (
        Step(
            "Converge",
            "Write",
            "ansible.builtin.copy",
            1.0,
            1.5,
            ok=1,
            skipped=1,
            changed=["db1"],
            failed=[],
            unreachable=[],
        ),
        Step("Converge", "Ask", "ansible.builtin.command", 4.0, 2.0, 0, 0, [], ["db1", "db2"], ["db3"]),
    )
    assert found.failures == (
        Failure("db1", "Ask", "x" * 500 + "…"),
        Failure("db2", "Ask", "never mind", ignored=True),
        Failure("db3", "Ask", "no route"),
    )
    assert (found.outcome, found.seconds, found.changes()) == ("succeeded", 9.0, 1)
    assert (found.run, found.estate, found.playbook, found.origin) == ("r1", "lab", "site.yml", {"account": "ada"})


def test_what_a_run_is_about_is_known_once_the_gate_has_said_it() -> None:
    told = recorder()
    nothing = dict.fromkeys(("change", "plan", "launcher", "break_glass"))
    assert told.about() == {"playbook": "site.yml", **nothing}
    told.task("t1", "Ask", GATE, 1.0)
    evidence = {
        "plan": {"change": "CHG-1", "digest": "sha256:1"},
        "verdict": {"ok": True, "break_glass": "orders cannot be saved"},
        "launcher": {"person": "eve", "proof": "signature"},
    }
    pieces = [{"kind": kind, "data": data} for kind, data in evidence.items()]
    told.result("t1", "db1", Status.OK, 2.0, evidence=pieces)
    about = {"playbook": "site.yml", "change": "CHG-1", "plan": "sha256:1", "launcher": "eve", "break_glass": True}
    assert told.about() == about


def test_what_was_changed_before_the_gate_let_it_through_is_said_with_the_change_the_run_was_called_with() -> None:
    told = recorder()
    assert told.ungated("CHG-1") == {}
    told.changed()
    assert told.ungated("CHG-1") == {"ungated": True, "change": "CHG-1"}
    assert told.ungated("x" * 2000) == {"ungated": True, "change": None}, "an entry has to hold it"
    # Later is too late, and knows the change better.
    told.let_through()
    told.task("t1", "Ask", GATE, 1.0)
    told.result("t1", "db1", Status.OK, 2.0, evidence={"kind": "plan", "data": {"change": "CHG-2"}})
    assert told.ungated("CHG-1") == {"ungated": True, "change": "CHG-2"}


def test_what_was_changed_after_the_gate_let_it_through_is_not_worth_a_word() -> None:
    told = recorder()
    told.let_through()
    told.changed()
    assert told.ungated("CHG-1") == {}


def test_a_task_that_comes_again_for_the_next_hosts_is_one_step() -> None:
    told = recorder()
    for at, host in ((1.0, "db1"), (3.0, "db2")):
        told.task("t1", "Restart", "erpops.estate.service", at)
        told.result("t1", host, Status.CHANGED, at + 1)
    (step,) = record(told).steps
    assert (step.started, step.seconds, list(step.changed)) == (1.0, 3.0, ["db1", "db2"])


PLAN = {"change": "CHG-7", "digest": "sha256:1", "steps": [{"name": "one"}]}


def declared(*pieces: Any, action: str = "erpops.estate.evidence") -> Record:
    told = recorder()
    told.task("t1", "Declare", action, 1.0)
    for piece in pieces:
        told.result("t1", "localhost", Status.OK, 1.0, evidence=piece)
    return record(told)


def test_what_is_declared_is_kept() -> None:
    found = declared(
        {"kind": "plan", "data": PLAN},
        [
            {"kind": "verdict", "data": {"ok": False, "reasons": ["frozen"]}},
            {"kind": "verdict", "data": {"ok": True, "reasons": []}},
            {"kind": "approvals", "data": [{"person": "bob"}]},
            {"kind": "launcher", "data": {"person": "ada", "proof": "awx"}},
        ],
        {"kind": "before", "data": {"odoo": "1"}},
        {"kind": "after", "data": {"odoo": "2"}},
        {"kind": "after", "data": {"etcd": "3"}},
        {"kind": "verification", "data": {"name": "healthy", "ok": True}},
        {"kind": "verification", "data": [{"name": "reachable", "ok": True}]},
        action=GATE,
    )
    assert (found.change, found.plan_digest, found.plan) == ("CHG-7", "sha256:1", PLAN)
    assert [verdict["ok"] for verdict in found.verdicts] == [False, True]
    assert found.approvals == [{"person": "bob"}]
    assert (found.before, found.after) == ({"odoo": "1"}, {"odoo": "2", "etcd": "3"})
    assert [check["name"] for check in found.verification] == ["healthy", "reachable"]
    assert found.origin["launcher"] == {"person": "ada", "proof": "awx"}


def test_what_a_module_says_of_its_host_is_told_from_other_hosts() -> None:
    told = recorder()
    for task, old, new in (("t1", "sha256:1", "sha256:2"), ("t2", "sha256:2", "sha256:3")):
        told.task(task, "Converge", "erpops.estate.service", 1.0)
        for host in ("edge1", "edge2"):
            pieces = [*change("traefik", old, new), check("traefik", ok=True, details=["serves"])]
            told.result(task, host, Status.CHANGED, 2.0, evidence=pieces)
    found = record(told)
    # As it was before the run, and as it is after it, however often it was touched.
    assert found.before == {"edge1 traefik": "sha256:1", "edge2 traefik": "sha256:1"}
    assert found.after == {"edge1 traefik": "sha256:3", "edge2 traefik": "sha256:3"}
    assert found.verification[0] == {"name": "edge1 traefik", "ok": True, "details": "serves"}
    assert [entry["name"] for entry in found.verification] == ["edge1 traefik", "edge2 traefik"] * 2


@pytest.mark.parametrize(
    "piece", [None, "text", 7, [], {"kind": "weather", "data": 1}, {"data": 1}, [None], {"kind": []}]
)
def test_what_is_no_evidence_is_not_kept(piece: Any) -> None:
    assert declared(piece).plan == {}


def test_only_tasks_of_the_collection_can_declare() -> None:
    assert declared({"kind": "plan", "data": PLAN}, action="somebody.elses.module").change == ""


@pytest.mark.parametrize("action", ["erpops.estate.evidence", "erpops.estate.service", "erpops.estate.change_gated"])
def test_what_a_host_says_is_neither_plan_nor_verdict_nor_launcher(action: str) -> None:
    """Results of modules come from hosts: root on one of them would write what the bastion vouches for."""
    told = recorder()
    forged = {
        "plan": PLAN,
        "approvals": [{"person": "bob"}],
        "verdict": {"ok": True, "change": "CHG-7", "plan": "sha256:1", "break_glass": "no"},
        "launcher": {"person": "bob", "proof": "signature"},
    }
    told.task("t1", "Converge", action, 1.0)
    pieces = [{"kind": kind, "data": data} for kind, data in forged.items()]
    told.result("t1", "db1", Status.OK, 1.0, evidence=[*pieces, {"kind": "after", "data": {"odoo": "2"}}])
    assert told.about() == recorder().about()
    found = record(told)
    assert (found.plan, found.plan_digest, found.approvals, found.verdicts) == ({}, "", [], [])
    assert (found.origin, found.after) == ({"account": "ada"}, {"odoo": "2"})


def test_the_gate_alone_names_change_and_plan_where_there_is_no_plan() -> None:
    found = declared({"kind": "verdict", "data": {"change": "CHG-8", "plan": "sha256:2"}}, action=GATE)
    assert (found.change, found.plan_digest) == ("CHG-8", "sha256:2")


def test_no_secret_is_kept() -> None:
    told = recorder()
    told.task("t1", "Set canary-1", "erpops.estate.evidence", 1.0)
    told.result("t1", "db1", Status.FAILED, 1.0, message="no login with canary-1")
    told.result("t1", "db2", Status.OK, 1.0, evidence={"kind": "before", "data": {"x": "canary-1", "a_token": "y"}})
    assert b"canary-1" in dump(told.finish(ENDING))
    kept = dump(told.finish(ENDING, secrets={"canary-1"}))
    assert b"canary-1" not in kept
    assert load(kept).before == {"x": "[redacted]", "a_token": "[redacted]"}


@pytest.mark.parametrize("secret", ["estate", "seconds", "changed", "message", "worst_us"])
def test_a_record_can_be_read_again_whatever_a_secret_is(secret: str) -> None:
    told = recorder()
    told.task("t1", f"Look at the {secret}", "erpops.estate.evidence", 1.0)
    told.result("t1", "db1", Status.FAILED, 1.0, message="no")
    kept = load(dump(told.finish(ENDING, secrets={secret})))
    assert [step.task for step in kept.steps] == [f"Look at the {REDACTED}"]
    assert [failure.message for failure in kept.failures] == ["no"]


def test_what_recording_costs_is_recorded() -> None:
    assert spent([0.001, 0.002, 0.009], 0.25) == Spent(3, 2000, 9000, 12, 250)
    assert spent([0.001, 0.002, 0.009], 0.25, 0.007).allowing_ms == 7
    assert spent([], 0.25) == Spent(opening_ms=250)
    assert record(recorder(), spent=Spent(3, 2000, 9000, 12, 250)).spent.worst_us == 9000


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"format":"x"}', f'{{"format":"{FORMAT}"}}', b"\xff"])
def test_what_is_no_record_is_said_to_be_none(content: bytes | str) -> None:
    with pytest.raises(ValueError, match="expected the record of a run"):
        load(content)
