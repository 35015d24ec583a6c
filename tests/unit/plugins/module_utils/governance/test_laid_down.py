# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything together: a repository with real commits, keys and signatures, and what is refused in it."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients import approval_files
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import NotSigned, NotTrusted, Refused
from ansible_collections.erpops.estate.plugins.module_utils.governance.laid_down import Faulty, Laid, laid_down, read
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.approvals import NAMESPACE, Approval
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.gate import verdict
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.plan import Plan, Step
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.requests import target
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.situation import (
    Evidence,
    Launcher,
    Recorder,
    Run,
)

from tests.unit.plugins.module_utils.governance.test_example import EXAMPLE, FILES
from tests.unit.plugins.module_utils.keys import Key

NOW = datetime(2026, 12, 8, 21, 5, tzinfo=UTC)
CHANGE = "CHG-2026-0042"
SITE_FREEZE = """BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:x\r
BEGIN:VEVENT\r
UID:burst-pipe\r
SUMMARY:Water in the south warehouse\r
CATEGORIES:freeze,site:south\r
DTSTART:20261208T210000Z\r
DURATION:PT24H\r
END:VEVENT\r
END:VCALENDAR\r
"""


class Company:
    def __init__(self, directory: Path) -> None:
        self.place = directory / "governance"
        shutil.copytree(EXAMPLE, self.place)
        self.owner, self.ada = Key(directory, "owner"), Key(directory, "ada")
        self.owners = directory / "owners"
        self.owners.write_text(self.owner.allowed("olga@example.com"), encoding="utf-8")
        (self.place / "approvers" / "allowed_signers").write_text(self.ada.allowed("ada.fisher@example.com"))
        self.approvals = directory / "approvals"
        self.approvals.mkdir()
        self.git("init", "-q", "-b", "main", ".")
        self.commit()

    def git(self, *arguments: str) -> str:
        settings = ["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "gpg.format=ssh"]
        settings += ["-c", f"user.signingkey={self.owner.path}"]
        environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        command = ["git", "-C", str(self.place), *settings, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout.strip()

    def commit(self, name: str = "", text: str = "") -> None:
        if name:
            (self.place / name).write_text(text, encoding="utf-8", newline="")
        self.git("add", "-A")
        self.git("commit", "-q", "-S", "-m", "x")

    def laid(self, newest: str = "") -> Laid:
        return laid_down(str(self.place), str(self.owners), change_id=CHANGE, now=NOW, newest=newest)

    def approve(self, plan: Plan) -> None:
        until = NOW + timedelta(days=1)
        one = Approval(
            "ada.fisher@example.com", plan.digest, CHANGE, "shared", "production", NOW - timedelta(days=3), until
        )
        (self.approvals / "ada.json").write_bytes(one.document())
        (self.approvals / "ada.json.sig").write_bytes(self.ada.sign(one.document(), NAMESPACE))


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return Company(tmp_path)


def planned(laid: Laid) -> Plan:
    change = laid.governance.changes[CHANGE]
    return Plan(
        change=CHANGE,
        playbook="patch",
        estate="shared",
        target=target(change, laid.governance.policy),
        commit=laid.governance.grounds[CHANGE],
        steps=(Step("node1", ("node1",), seconds=900), Step("node2", ("node2",), seconds=900)),
        rollback=change.rollback,
    )


def run(laid: Laid, plan: Plan, company: Company) -> Run:
    found, broken = approval_files.read(str(company.approvals), plan.digest, laid.signatures)
    assert not broken
    return Run(
        plan=plan,
        now=NOW,
        launcher=Launcher("eve.lang@example.com", "signature"),
        approvals=found,
        evidence=(Evidence("backup", NOW - timedelta(hours=1), ok=True, recovery_point=NOW),),
        recorder=Recorder(loaded=True),
        clocks={"node1": 0.0, "node2": 0.0},
    )


def test_from_a_signed_commit_to_a_verdict(company: Company) -> None:
    laid = company.laid()
    assert laid.signer == "olga@example.com"
    plan = planned(laid)
    assert verdict(laid.governance, run(laid, plan, company)).reasons == (
        "approvals: expected 1 by release-manager, found none",
    )
    company.approve(plan)
    assert verdict(laid.governance, run(laid, plan, company)).ok

    company.commit("calendars/south.ics", SITE_FREEZE)
    later = company.laid()
    assert planned(later).digest == plan.digest, "what was approved days ago still is"
    found = verdict(later.governance, run(later, plan, company))
    assert found.reasons == (
        "freeze: freeze 'Water in the south warehouse' (calendars/south.ics:4) is on until 2026-12-09 21:00 UTC",
    )

    policy = (company.place / "policy.yml").read_text(encoding="utf-8")
    company.commit("policy.yml", policy.replace("margin_minutes: 30", "margin_minutes: 31"))
    last = company.laid()
    assert planned(last).digest != plan.digest
    reasons = verdict(last.governance, run(last, plan, company)).reasons
    assert any(said.startswith("plan: expected to stand on commit") for said in reasons)


def test_an_approver_who_was_removed_has_approved_nothing(company: Company) -> None:
    plan = planned(company.laid())
    company.approve(plan)
    company.commit("approvers/revoked_keys", f"{company.ada.public}\n")
    laid = company.laid()
    found = verdict(laid.governance, run(laid, plan, company))
    assert any("found a key that was revoked" in said for said in found.reasons), found.reasons


def test_an_older_commit_does_not_go_round_a_freeze(company: Company) -> None:
    first = company.git("rev-parse", "HEAD")
    company.commit("calendars/south.ics", SITE_FREEZE)
    newest = company.git("rev-parse", "HEAD")
    for known in ("", first, newest):
        assert company.laid(known).governance.commit == newest
    company.git("checkout", "-q", first)
    assert company.laid(first).governance.commit == first
    for known in (newest, "0" * 40):
        with pytest.raises(Refused, match="by which this estate was governed last, or one that came after it"):
            company.laid(known)


@pytest.mark.parametrize("name", ["allowed_signers", "people.yml"])
def test_approvers_that_others_could_write_are_not_believed(company: Company, name: str) -> None:
    (company.place / "approvers" / name).chmod(0o666)
    with pytest.raises(NotTrusted, match=f"{name}; expected .*{name} to be writable by its owner alone"):
        company.laid()


def test_nothing_is_read_from_an_unsigned_commit(company: Company) -> None:
    (company.place / "policy.yml").write_text("version: 1\n", encoding="utf-8")
    company.git("commit", "-q", "-a", "--no-gpg-sign", "-m", "x")
    with pytest.raises(NotSigned):
        company.laid()


def test_a_repository_with_faults_is_refused_with_all_of_them(company: Company) -> None:
    company.commit("calendars/south.ics", SITE_FREEZE.replace("Z\r", "\r"))
    company.commit("waivers/WVR-1.yml", "version: 1\n")
    with pytest.raises(Faulty) as caught:
        company.laid()
    said = str(caught.value)
    assert "calendars/south.ics:4: event 'Water in the south warehouse' (burst-pipe): DTSTART has no zone" in said
    assert "waivers/WVR-1.yml:1: the file: 'owner' is missing" in said


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("policy.yml", None, "policy.yml: the file: it is missing. Write it; inventories/governance has an example."),
        ("approvers/people.yml", None, "approvers/people.yml: the file: it is missing."),
        ("approvers/allowed_signers", None, "approvers/allowed_signers: the file: it is missing."),
        ("policy.yml", b"version: 1\n", "policy.yml:1: the file: 'tiers' is missing."),
        ("approvers/people.yml", b"version: 1\n", "approvers/people.yml:1: the file: 'roles' is missing."),
        (
            "calendars/freeze.ical",
            b"",
            "calendars/freeze.ical: the file: it would be passed over. Call",
        ),
        ("calendars/2026/freeze.ics", b"", "calendars/2026/freeze.ics: the file: it would be passed over."),
        ("changes/CHG-1.yaml", b"", "changes/CHG-1.yaml: the file: it would be passed over. Call it changes/NAME.yml"),
        ("waivers/README.md", b"how to write one", None),
        ("elsewhere/x.txt", b"", None),
        ("calendars/empty.ics", b"", "calendars/empty.ics: calendar: it cannot be read"),
        ("approvers/allowed_signers", b"zoe ssh-ed25519 AAAA", "allowed_signers:1: zoe: there is no such person."),
        (
            "changes/CHG-1.yml",
            b"version: 1\n",
            "changes/CHG-1.yml:1: the file: 'id' is missing. Write it",
        ),
        (
            "approvers/people.yml",
            FILES["approvers/people.yml"].replace(b"roles: [warehouse-lead]", b"roles: []"),
            "1 with the role warehouse-lead are needed, and 0 have it",
        ),
        (
            "policy.yml",
            FILES["policy.yml"].replace(b"  harbor: {tier", b"  port: {tier"),
            "calendars/sales.ics:15: event 'Spring catalogue' (spring-catalogue-2027@example.com): there is",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(name: str, content: bytes | None, said: str | None) -> None:
    files = {**FILES, name: content} if content is not None else {key: FILES[key] for key in FILES if key != name}
    found, faults = read({key: value for key, value in files.items() if value is not None}, NOW)
    assert (found is None) is bool(said)
    assert not said or any(said in str(fault) for fault in faults), [str(fault) for fault in faults]


def test_a_verdict_needs_nothing_but_data(company: Company) -> None:
    """What was read once is asked again and again, and the answer is the same."""
    laid = company.laid()
    plan = planned(laid)
    company.approve(plan)
    asked = run(laid, plan, company)
    shutil.rmtree(company.place)
    assert verdict(laid.governance, asked) == verdict(laid.governance, replace(asked))


def test_waivers_can_be_read_for_no_change_at_all(company: Company) -> None:
    laid = laid_down(str(company.place), str(company.owners), now=NOW)
    assert [one.id for one in laid.governance.waivers] == ["WVR-2026-0007", "WVR-2026-0008"]
    assert laid.governance.grounds == {}
