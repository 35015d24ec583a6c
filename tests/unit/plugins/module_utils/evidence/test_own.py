# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whoever runs a playbook can call anything a secret: no text of others keeps one, and nothing of ours falls to it."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.evidence.declared import change, check
from ansible_collections.erpops.estate.plugins.module_utils.evidence.own import APPROVAL, PLAN, RECORD, VERDICT
from ansible_collections.erpops.estate.plugins.module_utils.evidence.record import Failure, Record, Step, dump, load
from ansible_collections.erpops.estate.plugins.module_utils.evidence.recorder import GATE, Ending, Recorder, Status
from ansible_collections.erpops.estate.plugins.module_utils.governance.asked import Answer
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.approvals import Approval, as_dict
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.gate import verdict

from tests.unit.plugins.module_utils.policy.change import worlds

COVERED = {
    "plan": {
        "change": "CHG-2026-7",
        "digest": "sha256:abc",
        "playbook": "rolling_restart",
        "commit": "0123456789",
        "estate": "shared-estate",
        "steps": [
            {"name": "node-1 restarts", "hosts": ["node-1"], "seconds": 30, "reason": "a reason of the inventory"}
        ],
        "after": {"image odoo": "registry/odoo:19", "inventory": "sha256:def"},
        "rollback": "the way back in words",
    },
    "verdict": {
        "ok": True,
        "at": "2026-11-23T08:00:01+00:00",
        "change": "CHG-2026-7",
        "plan": "sha256:abc",
        "done": ["node-1 restarts"],
        "reasons": ["a reason of the gate, which quotes"],
        "about": {"title": "a title in words", "requester": "flo.fisher"},
    },
    "launcher": {"person": "eve.fisher", "proof": "signature"},
    "approvals": [{"person": "ada.fisher", "decision": "approve", "fault": "a fault in words"}],
}
STATES = [*change("patroni", "leader is node-1", "leader is node-2"), check("patroni", ok=True, details=["it serves"])]
# What others write: in tasks and plays, messages, what is declared, and what the gate quotes.
FREE = (
    "only these",
    "image odoo",
    "A play in words",
    "A task in words",
    "a message in words",
    "a reason of the inventory",
    "registry/odoo:19",
    "the way back in words",
    "a reason of the gate, which quotes",
    "a title in words",
    "a fault in words",
    "leader is node-1",
    "leader is node-2",
    "it serves",
)
# Of others as well, but too short for a secret, or with a host in front.
IN_PART = ("Ask", "node-1 patroni")


def covered(*secrets: str) -> dict[str, Any]:
    """Return what is kept of a run of everything, with these values in an extra variable that is called a secret."""
    origin = {"account": "eve-account", "host": "bastion-1", "from": "192.0.2.17", "limit": "only these"}
    told = Recorder(run="run-id", estate="shared-estate", playbook="site.yml", started="2026-11-23T08", origin=origin)
    told.play("A play in words")
    told.task("t1", "Ask", GATE, 1.0)
    told.result("t1", "node-1", Status.OK, 1.0, evidence=[{"kind": kind, "data": COVERED[kind]} for kind in COVERED])
    told.task("t2", "A task in words", "erpops.estate.service", 2.0)
    told.result("t2", "node-1", Status.CHANGED, 2.0, evidence=STATES)
    told.result("t2", "node-2", Status.FAILED, 2.0, message="a message in words")
    ending = Ending(at=9.0, stamp="2026-11-23T08:00:09Z", outcome="succeeded", hosts={"node-1": {"changed": 2}})
    found: dict[str, Any] = told.finish(ending, secrets=secrets)
    return found


def texts(data: Any) -> set[str]:
    """Return every text in data, those by which something is called included."""
    if isinstance(data, dict):
        return {text for pair in data.items() for inner in pair for text in texts(inner)}
    if isinstance(data, list):
        return {text for inner in data for text in texts(inner)}
    return {data} if isinstance(data, str) else set()


def test_every_text_of_others_loses_the_values_of_secrets() -> None:
    assert set(FREE) <= texts(covered())
    for text in FREE:
        assert text not in json.dumps(covered(text)), text


@pytest.mark.parametrize("secret", sorted(texts(covered())))
def test_what_the_recorder_and_the_gate_say_stays_whatever_a_secret_is(secret: str) -> None:
    assert texts(covered()) - {*FREE, *IN_PART} <= texts(covered(secret))


def test_nobody_blanks_his_own_run() -> None:
    cover = ("succeeded", "2026-11-23", "node-1", "changed", "sha256:abc", "rolling_restart", "CHG-2026-7")
    kept = load(dump(covered(*cover)))
    assert (kept.outcome, kept.started, kept.ended) == ("succeeded", "2026-11-23T08", "2026-11-23T08:00:09Z")
    assert (kept.change, kept.plan_digest, kept.verdicts[0]["ok"]) == ("CHG-2026-7", "sha256:abc", True)
    assert kept.verdicts[0]["at"] == "2026-11-23T08:00:01+00:00"
    assert (kept.hosts, kept.failures[0].host) == ({"node-1": {"changed": 2}}, "node-2")
    # What the inventory calls the host stays, and of what was said of it goes what might be a secret.
    assert kept.before == {"node-1 patroni": "leader is [redacted]"}


def test_the_gates_own_answer_is_known_by_its_names() -> None:
    """A name that is not known may be blanked, and then nobody finds what stood there."""
    at = datetime(2026, 11, 23, tzinfo=UTC)
    laid = worlds.governance()
    judged = Answer(verdict(laid, worlds.run()), worlds.plan()).evidence()
    (plan,), (said,) = ([piece["data"] for piece in judged if piece["kind"] == kind] for kind in ("plan", "verdict"))
    assert set(plan) <= set(PLAN)
    assert {name for step in plan["steps"] for name in step} <= set(PLAN["steps"])
    assert set(said) <= set(VERDICT)
    assert set(said["about"]) <= set(VERDICT["about"])
    assert set(as_dict(Approval("ada", "sha256:1", "CHG-1", "shared", "qa", at, at))) <= set(APPROVAL)
    assert {entry.name for entry in fields(Record)} <= set(RECORD)
    for name, kind in (("steps", Step), ("failures", Failure)):
        assert {entry.name for entry in fields(kind)} == set(RECORD[name])
