# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a playbook behind the change gate: a real repository, real keys and signatures, a real ledger."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.controller.governed import CHANGE, Governed


@pytest.fixture
def company(tmp_path: Path) -> Governed:
    return Governed(tmp_path)


def signed(company: Governed, playbook: str, person: str) -> str:
    said = {"plan": "plan.json", "person": person, "key": str(company.keys[person].path)}
    said["approvals"] = str(company.approvals)
    return company.ansible(str(REPOSITORY / "playbooks" / f"{playbook}.yml"), "-e", json.dumps(said))


def test_what_has_everything_runs_and_the_record_says_why(company: Governed) -> None:
    assert "may not run, for 2 reasons" in company.run("--check", "-v")
    assert company.changed() == []
    assert not company.ledger.exists(), "--check takes nothing and keeps nothing"
    plan = json.loads((company.path / "plan.json").read_text())
    assert f"{CHANGE}: try on lab (production, patch)" in signed(company, "approve", "ada")
    signed(company, "launch", "eve")
    assert "may run" in company.run("-v")
    assert company.changed() == ["node1", "node2"]

    lock = company.kept("during")["leases/change_lock/lab"]
    assert lock["reason"] == CHANGE
    assert lock["owner"] == f"eve, run {company.entries()[0].run}"
    newest = {"commit": company.git("rev-parse", "HEAD"), "environment": "production"}
    assert company.kept() == {"change/governed": newest}

    found = company.record()
    assert (found.change, found.plan["commit"]) == (CHANGE, plan["commit"])
    assert [(said["ok"], said["reasons"]) for said in found.verdicts] == [(True, []), (True, [])]
    assert found.origin["launcher"] == {"person": "eve", "proof": "signature"}
    assert {one["person"]: one["decision"] for one in found.approvals} == {"ada": "approve", "eve": "launch"}
    assert company.entries()[-1].fields["launcher"] == "eve"


def test_what_stands_against_a_run_is_said_at_once_and_nothing_changes(company: Governed) -> None:
    company.planned()
    company.run(status=2)
    company.freeze()
    company.sign("ada")
    company.sign("ada", "withdraw")
    company.sign("flo")
    company.sign("eve", "launch", key="mallory")
    (company.approvals / "x.json").write_text("{}")
    ledger = company.ledger / "ledger.jsonl"
    ledger.write_bytes(ledger.read_bytes().replace(b"try.yml", b"tri.yml", 1))
    said = company.run("-e", "estate_environment=production", status=2)
    for reason in (
        "for 9 reasons",
        "variables: expected estate_environment from inventory and playbook, found among the extra variables",
        "freeze: freeze 'Close' (calendars/freeze.ics:4) is on until",
        "approvals: expected 1 by manager, found none",
        "approvals: the one of ada does not count: it was withdrawn",
        "approvals: the one of flo does not count: who requests a change cannot approve it",
        "x.json: expected an approval, found none",
        "launcher: expected to be known from AWX or by a signature, found nobody",
        "launcher: the launch of eve does not count: signature of eve; expected one by a key of theirs",
        "ledger: expected to be whole, found entry 1 was altered",
        "The next opening is",
    ):
        assert reason in said, (reason, said)
    assert company.changed() == []


def altered(company: Governed) -> None:
    text = (company.path / "try.yml").read_text().replace("seconds: 60", "seconds: 61")
    (company.path / "try.yml").write_text(text)


def unrecorded(company: Governed) -> None:
    del company.environment["ANSIBLE_CALLBACKS_ENABLED"]


def edited(company: Governed) -> None:
    (company.repository / "policy.yml").write_text("version: 1\n")


def of_another_estate(company: Governed) -> None:
    (company.path / "ledger.json").write_text(json.dumps({"estate": "other", "directory": str(company.ledger)}))


@pytest.mark.parametrize(
    ("spoil", "reasons"),
    [
        (
            altered,
            [
                "for 3 reasons - approvals: expected 1 by",
                "ada does not count: it is for plan",
                "found nobody; sign the",
            ],
        ),
        (unrecorded, ["for 1 reasons - recorder: expected to be loaded, found the callback plugin"]),
        (edited, ["expected a working tree as it was committed; found changes in"]),
        (of_another_estate, ["lock: expected to be seen, found", "expected the ledger of lab; found that of other"]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_was_all_well_and_then_altered_changes_nothing(
    company: Governed, spoil: Callable[[Governed], object], reasons: list[str]
) -> None:
    company.ready()
    spoil(company)
    said = company.run(status=2)
    assert [reason for reason in reasons if reason not in said] == [], said
    assert company.changed() == []


def test_the_plan_that_was_approved_runs_from_nobody_without_the_role(company: Governed) -> None:
    company.planned()
    company.sign("ada")
    company.sign("flo", "launch")
    assert "launcher: expected a role of engineer, found flo without" in company.run(status=2)
    company.sign("ada", "launch")
    assert "launcher: expected one, found launches of ada, flo" in company.run(status=2)
    assert company.changed() == []


def test_a_run_may_not_say_where_it_is(company: Governed) -> None:
    company.ready()
    said = company.run("-e", "estate_environment=development", "-e", '{"estate_governance": {}}', status=2)
    found = "expected estate_environment and estate_governance from inventory and playbook"
    assert f"variables: {found}, found among the extra variables" in said
    assert "variables: expected gate_done from" in company.run("-e", '{"gate_done": ["node1", "node2"]}', status=2)
    assert company.changed() == []


def test_between_batches_the_gate_stops_what_may_not_go_on(company: Governed) -> None:
    company.ready()
    said = company.run("-e", f"meanwhile='rm {company.approvals}/*approve*'", status=2)
    assert "approvals: expected 1 by manager, found none" in said
    assert "Done are node1; left are node2. Run it again when it may." in said
    assert company.changed() == ["node1"]
    assert "leases/change_lock/lab" not in company.kept()


def test_somebody_else_holds_the_lock_until_it_ends(company: Governed) -> None:
    company.ready()
    company.killed()
    assert "lock: expected to be free, found CHG-2026-0042 by eve, run" in company.run(status=2)
    assert company.changed() == ["node1"]
    keys = json.loads((company.ledger / "keys.json").read_text())
    lease = json.loads(keys["keys"]["/erpops/lab/leases/change_lock/lab"][0])
    lease["expires_at"] = lease["taken_at"]
    keys["keys"]["/erpops/lab/leases/change_lock/lab"][0] = json.dumps(lease)
    (company.ledger / "keys.json").write_text(json.dumps(keys))
    company.run()
    assert company.changed() == ["node1", "node1", "node2"]


def test_an_older_commit_governs_no_more(company: Governed) -> None:
    older = company.git("rev-parse", "HEAD")
    company.freeze()
    company.git("rm", "-q", "calendars/freeze.ics")
    newest = company.commit()
    company.ready()
    company.run()
    company.git("checkout", "-q", older)
    said = company.run(status=2)
    assert f"expected commit {newest[:12]}, by which this estate was governed last" in said
    company.inventory("development", governed=False)
    said = company.run(status=2)
    assert f"expected estate_governance, by which this estate was governed at commit {newest[:12]}" in said
    assert company.changed() == ["node1", "node2"]


@pytest.mark.parametrize("environment", ["production", "staging", "development"])
def test_without_governance_only_development_passes_and_says_so(company: Governed, environment: str) -> None:
    company.inventory(environment, governed=False)
    passes = environment == "development"
    playbook = company.path / "try.yml"
    playbook.write_text(playbook.read_text().replace("serial: 1", "serial: 2"))
    said = company.run("-v", status=0 if passes else 2)
    assert ("Nothing is laid down for this estate, and in development nothing has to be." in said) is passes
    assert (f"governance: expected to be laid down for {environment}, found nothing; copy" in said) is not passes
    assert sorted(company.changed()) == (["node1", "node2"] if passes else [])
    assert [found["ok"] for found in company.record().verdicts] == [passes], "asked once for all hosts of a batch"


def test_break_glass_is_reviewed_by_a_second_person_before_anything_ordinary_runs(company: Governed) -> None:
    company.freeze()
    company.planned()
    company.sign("eve", "launch")
    assert "freeze: freeze 'Close'" in company.run(status=2)
    assert "break-glass: expected a reason, found none" in company.run("-e", "break_glass=", status=2)
    assert "It has to be reviewed by" in company.run("-v", "-e", "break_glass='the shop is down'")
    assert company.changed() == ["node1", "node2"]

    company.git("rm", "-q", "calendars/freeze.ics")
    company.commit()
    company.sign("ada")
    said = company.run(status=2)
    assert f"for 1 reasons - review: expected break-glass {CHANGE} to be reviewed, found it open, due by" in said
    company.sign("eve", "review")
    assert f"expected somebody else than eve to close that of {CHANGE}, who ran it" in company.run(status=2)
    company.sign("ada", "review")
    company.run()
    assert company.changed() == ["node1", "node2"] * 2
    assert list(company.kept()) == ["change/governed"]
