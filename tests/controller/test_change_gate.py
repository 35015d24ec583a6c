# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a playbook behind the change gate: a real repository, real keys and signatures, a real ledger."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.planned import plan_of

from tests.conftest import REPOSITORY
from tests.controller.governed import ASKED, CHANGE, PLAN, POLICY, Governed, event


@pytest.fixture
def company(tmp_path: Path) -> Governed:
    return Governed(tmp_path)


def until(true: Callable[[], bool]) -> None:
    limit = time.monotonic() + 60
    while not true():
        assert time.monotonic() < limit
        time.sleep(0.1)


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
    about = found.verdicts[0]["about"]
    assert (about["title"], about["reason"], about["requester"]) == ("Kernel", "A hole in it.", "flo")
    assert found.origin["launcher"] == {"person": "eve", "proof": "signature"}
    assert 0 < found.spent.allowing_ms <= found.spent.total_ms
    assert {one["person"]: one["decision"] for one in found.approvals} == {"ada": "approve", "eve": "launch"}
    assert company.entries()[-1].fields["launcher"] == "eve"
    assert "ungated" not in company.entries()[-1].fields


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


def test_a_plan_that_says_it_takes_no_time_is_judged_by_what_is_known_each_time(company: Governed) -> None:
    company.commit(**{"calendars/freeze.ics": event("Close", "freeze", 1, begins=timedelta(seconds=90))})
    company.planned()
    plan = json.loads((company.path / "plan.json").read_text())
    for step in plan["steps"]:
        step["seconds"] = 0
    (company.path / "plan.json").write_text(json.dumps({**plan, "rollback_seconds": 0}))
    ask = {"name": "Ask", "register": "gate_asked", "run_once": True}
    first = {"plan": PLAN, "complete": True, "approved": "{{ playbook_dir }}/plan.json"}
    again = {"plan": "{{ gate_asked.plan }}", "complete": True}
    tasks = [{**ask, "erpops.estate.change_gate": given} for given in (first, again)]
    play = {"name": "Ask twice", "hosts": "estate", "gather_facts": False, "tasks": tasks}
    (company.path / "twice.yml").write_text(yaml.safe_dump([play]))
    said = company.ansible("twice.yml", "--check", "-vv")
    assert said.count("window: expected 2 min that are left, found that freeze 'Close'") >= 2
    # As JSON or as YAML, whichever the configuration in force prints.
    assert len(re.findall(r'\bseconds"?: 0\b', said)) >= 4, "the plan has the file's own"


def test_a_template_among_the_extra_variables_is_refused(company: Governed) -> None:
    company.ready()
    said = company.run("-e", '{"meanwhile": {"x": ["{{ lookup(\'env\', \'HOME\') }}"]}}', status=2)
    assert "for 1 reason - variables: expected values, found templates in meanwhile; write what they stand for" in said
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


def hidden(company: Governed) -> None:
    company.environment["ANSIBLE_NO_LOG"] = "1"


@pytest.mark.parametrize(
    ("spoil", "reasons"),
    [
        (hidden, ["change gate: expected its task without no_log, found it under no_log, which hides the verdict"]),
        (
            altered,
            [
                "for 3 reasons - approvals: expected 1 by",
                "ada does not count: it is for plan",
                "found nobody; sign the",
            ],
        ),
        (unrecorded, ["for 1 reason - recorder: expected to be loaded, found the callback plugin"]),
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


def test_what_was_stopped_half_way_stops_kinds_that_may_not_be_beside_it(company: Governed) -> None:
    move = "CHG-2026-0050"
    policy = POLICY.replace("kinds: [patch]}", "kinds: [patch, migration]}\n    not_beside: [migration]")
    asked = ASKED.replace(CHANGE, move).replace("kind: patch", "kind: migration")
    company.commit(**{"policy.yml": policy, f"changes/{move}.yml": asked})
    text = (company.path / "try.yml").read_text().replace(CHANGE, move).replace("plan.json", "other.json")
    (company.path / "move.yml").write_text(text)
    company.ready()
    company.run("-e", f"meanwhile='rm {company.approvals}/*approve*'", status=2)
    assert company.changed() == ["node1"]

    stopped = company.entries()[-1].n
    said = company.ansible("move.yml", status=2)
    assert f"overlap: expected no patch beside migration, found {CHANGE} by eve since " in said
    assert f", try.yml failed after 1 changes, as entry {stopped} says; let it be finished, or say in changes/" in said
    assert "lock: expected" not in said, "nobody holds it"
    company.sign("ada")
    company.run()
    assert company.changed() == ["node1", "node1", "node2"]
    assert "overlap: expected" not in company.ansible("move.yml", status=2)


def test_a_freeze_that_is_merged_during_a_run_stops_it_between_batches(company: Governed) -> None:
    company.ready()
    begun, merged = company.path / "begun", company.path / "merged"

    def merge() -> None:
        until(begun.exists)
        company.freeze()
        merged.touch()

    thread = threading.Thread(target=merge)
    thread.start()
    said = company.run("-e", f"meanwhile='touch {begun}; while [ ! -e {merged} ]; do sleep 0.1; done'", status=2)
    thread.join()
    assert "may not run, for 1 reason - freeze: freeze 'Close' (calendars/freeze.ics:4) is on until" in said
    assert "The next opening is" in said
    assert "Done are node1; left are node2. Run it again when it may." in said
    assert company.changed() == ["node1"]
    assert "leases/change_lock/lab" not in company.kept()


SAME = "known.verified == asked.verified"
KNOWN = """
from ansible.plugins.action import ActionBase
from ansible_collections.erpops.estate.plugins.plugin_utils.recorder import recording

class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        return {"verified": recording().verified}
"""


def test_what_the_gate_has_verified_is_known_when_it_is_asked_again(company: Governed) -> None:
    company.ready()
    (company.path / "action_plugins").mkdir()
    (company.path / "action_plugins" / "known.py").write_text(KNOWN)
    play = yaml.safe_load((company.path / "try.yml").read_text())[0]
    ask, wait = {**play["tasks"][0], "register": "asked"}, {"name": "Wait", "ansible.builtin.pause": {"seconds": 3}}
    # Once the entry of this very run has settled.
    known = {"name": "Know", "known": {}, "register": "known"}
    same = {"name": "Compare", "ansible.builtin.assert": {"that": ["asked.verified | length == 64", SAME]}}
    tasks = [{**task, "run_once": True} for task in (wait, ask, known, same)]
    play = {**play, "serial": 2, "vars": {"gate_done": []}, "tasks": tasks}
    (company.path / "try.yml").write_text(yaml.safe_dump([play]))
    company.run()


@pytest.mark.parametrize(
    ("around", "changed"),
    [
        (["--skip-tags", "always"], ["node1", "node2"]),
        # The second host's turn begins at the gate again, which says no.
        (["--start-at-task", "Change it"], ["node1"]),
    ],
)
def test_who_goes_around_the_gate_is_named_by_the_ledger(
    company: Governed, around: list[str], changed: list[str]
) -> None:
    company.run("-e", f"change={CHANGE}", *around, status=0 if len(changed) == 2 else 2)
    assert company.changed() == changed
    closed = company.entries()[-1]
    known = {"event": "closed", "ungated": True, "change": CHANGE, "changed": len(changed)}
    assert known.items() <= closed.fields.items()
    given = ["-e", f"ledger_configuration={company.path}/ledger.json"]
    said = company.ansible("erpops.estate.ledger_verify", *given)
    # An apostrophe is two in what Ansible shows.
    assert "Changed something without the gate" in said
    assert f"yes: try.yml {closed.run} of {CHANGE}, closed" in said
    page = company.path / "page.html"
    company.ansible("erpops.estate.change_page", *given, "-e", f"change={CHANGE}", "-e", f"change_page={page}")
    assert "Runs that changed something without the gate" in page.read_text(encoding="utf-8")


def test_a_no_that_a_playbook_overlooks_is_no_yes(company: Governed) -> None:
    text = (company.path / "try.yml").read_text()
    (company.path / "try.yml").write_text(text.replace("- name: Ask", "- name: Ask\n    failed_when: [false]", 1))
    company.run()
    assert company.changed() == ["node1", "node2"]
    assert [entry.event for entry in company.entries()] == ["opened", "closed"]
    assert company.entries()[-1].fields["ungated"] is True


def test_somebody_else_holds_the_lock_until_it_ends(company: Governed) -> None:
    company.ready()
    company.killed()
    opened, allowed = company.entries()
    assert (allowed.event, allowed.run) == ("allowed", opened.run)
    plan = plan_of(json.loads((company.path / "plan.json").read_text())).digest
    known = {"playbook": "try.yml", "change": CHANGE, "plan": plan, "launcher": "eve"}
    assert known.items() <= allowed.fields.items()
    assert "lock: expected to be free, found CHG-2026-0042 by eve, run" in company.run(status=2)
    killed = company.entries()[2]
    assert (killed.event, killed.run) == ("interrupted", opened.run)
    assert known.items() <= killed.fields.items()
    assert company.changed() == ["node1"]
    keys = json.loads((company.ledger / "keys.json").read_text())
    lease = json.loads(keys["keys"]["/erpops/lab/leases/change_lock/lab"][0])
    lease["expires_at"] = lease["taken_at"]
    keys["keys"]["/erpops/lab/leases/change_lock/lab"][0] = json.dumps(lease)
    (company.ledger / "keys.json").write_text(json.dumps(keys))
    company.run()
    assert company.changed() == ["node1", "node1", "node2"]
    assert [entry.event for entry in company.entries()].count("allowed") == 2, "once for each run, not for each batch"

    page = company.path / "page.html"
    given = ["-e", f"ledger_configuration={company.path}/ledger.json", "-e", f"change_page={page}"]
    company.ansible("erpops.estate.change_page", *given, "-e", f"change={CHANGE}")
    assert f"<td>try.yml {opened.run}</td>" in page.read_text(encoding="utf-8")


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
    said = company.run("-e", '{"break_glass": false}', status=2)
    assert "break_glass: expected a text that says why it cannot wait, or none, found False" in said
    assert company.changed() == []
    assert "It has to be reviewed by" in company.run("-v", "-e", "break_glass='the shop is down'")
    assert company.changed() == ["node1", "node2"]
    assert [found["break_glass"] for found in company.record().verdicts] == ["the shop is down"] * 2
    (review,) = (kept for key, kept in company.kept().items() if key.startswith("change/reviews/"))
    assert review["ran"] == [{"person": "eve", "reason": "the shop is down", "run": company.entries()[-1].run}]

    company.git("rm", "-q", "calendars/freeze.ics")
    company.commit()
    company.sign("ada")
    said = company.run(status=2)
    ran = f"{CHANGE}, which eve ran because 'the shop is down',"
    assert f"for 1 reason - review: expected break-glass {ran} to be reviewed, found it open, due by" in said
    company.sign("eve", "review")
    assert f"expected somebody else than eve to close that of {CHANGE}, who ran it" in company.run(status=2)
    company.sign("ada", "review")
    company.run()
    assert company.changed() == ["node1", "node2"] * 2
    assert list(company.kept()) == ["change/governed"]
