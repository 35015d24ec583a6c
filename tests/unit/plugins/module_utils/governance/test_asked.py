# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gate gathers and what it keeps, where running a playbook would show no more."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError, MissingFile, Refused
from ansible_collections.erpops.estate.plugins.module_utils.evidence.audit import Question, Report
from ansible_collections.erpops.estate.plugins.module_utils.governance import asked
from ansible_collections.erpops.estate.plugins.module_utils.governance.asked import Answer, Asking, Recorded, answer
from ansible_collections.erpops.estate.plugins.module_utils.governance.copy import brought_up
from ansible_collections.erpops.estate.plugins.module_utils.governance.signed import decide
from ansible_collections.erpops.estate.plugins.module_utils.governance.state import ChangeState, release
from ansible_collections.erpops.estate.plugins.module_utils.ledger.runs import Runs
from ansible_collections.erpops.estate.plugins.module_utils.ledger.settings import load
from ansible_collections.erpops.estate.plugins.module_utils.ledger.verify import verify
from ansible_collections.erpops.estate.plugins.module_utils.policy import leases
from ansible_collections.erpops.estate.plugins.module_utils.policy.change import kept
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.planned import plan_of
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.situation import Ran, Review
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.telling import sentences

from tests.controller.governed import CHANGE, PLAN, SAID, Governed

RUN = str(UUID(int=7))


class Bastion(Governed):
    """Asks without a playbook."""

    def __init__(self, path: Path, **laid: str) -> None:
        super().__init__(path, **laid)
        self.configuration = str(path / "ledger.json")
        settings = load(self.configuration)
        Runs(settings.ledger(), settings.place()).open(RUN, {"playbook": "try.yml"})
        self.now = datetime.now(UTC)

    def asking(self) -> Asking:
        places = {"directory": "governance", "owners": "owners", "approvals": "approvals"}
        return Asking(
            estate="lab",
            environment="production",
            governance={name: str(self.path / place) for name, place in places.items()},
            plan=PLAN,
            recorded=Recorded(True, RUN, configuration=self.configuration),
            clocks={"node1": 0.1, "node2": 0.0},
            evidence=[{"kind": "backup", "ok": True} | dict.fromkeys(("taken", "recovery_point"), f"{self.now}")],
        )

    def ready(self) -> None:
        super().ready()
        self.now = datetime.now(UTC)


@pytest.fixture
def bastion(tmp_path: Path) -> Bastion:
    return Bastion(tmp_path)


def test_only_a_yes_that_is_meant_takes_the_lock(bastion: Bastion) -> None:
    bastion.planned()
    assert not answer(bastion.asking(), bastion.now).verdict.ok
    bastion.ready()
    assert answer(replace(bastion.asking(), check=True), bastion.now).verdict.ok
    assert not (bastion.ledger / "keys.json").exists()
    found = answer(bastion.asking(), bastion.now)
    assert found.verdict.facts["lock"].startswith(f"eve, run {RUN} until ")
    assert set(bastion.kept()) == {"change/governed", "leases/change_lock/lab"}
    kinds = {piece["kind"]: piece["data"] for piece in found.evidence()}
    assert (kinds["plan"]["digest"], kinds["verdict"]["change"]) == (found.plan.digest, CHANGE)
    assert kinds["launcher"] == {"person": "eve", "proof": "signature"}
    assert len(kinds["approvals"]) == 2


def test_a_run_may_take_longer_than_a_launch_holds_and_another_cannot_begin_by_it(bastion: Bastion) -> None:
    bastion.ready()
    assert answer(bastion.asking(), bastion.now).verdict.ok
    later, asked = bastion.now + timedelta(minutes=20), bastion.asking()
    assert answer(asked, later).verdict.ok
    other = replace(asked, recorded=replace(asked.recorded, run=str(UUID(int=8))))
    assert "the launch of eve does not count: it expired at" in str(answer(other, later).verdict.reasons)


def test_a_lock_that_somebody_is_just_ending_is_not_free(bastion: Bastion) -> None:
    bastion.ready()
    old = kept.lock_wanted(answer(bastion.asking(), bastion.now).plan, "x", (), bastion.now - timedelta(days=1))
    keys = load(bastion.configuration).keys()
    key = leases.key("lab", kept.LOCK, "lab")
    held = keys.ask(lambda client: client.entry(key))
    assert held is not None
    text = leases.dump(replace(old, ending=bastion.now))
    assert keys.ask(lambda client: client.swap(key, text, held.revision))
    found = answer(bastion.asking(), bastion.now).verdict
    assert not found.ok
    assert "it has expired and is being taken back; run again in a moment" in found.reasons[0]


class Reader:
    """Counts how often the ledger is read from its beginning."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.times = 0
        monkeypatch.setattr(asked, "verify", self.verify)

    def verify(self, question: Question) -> Report:
        self.times += 1
        return verify(question)


def overwritten(path: Path, old: bytes, new: bytes) -> None:
    """Alter a file in its place, as long as it was, and set its time back."""
    found, content = path.stat(), path.read_bytes()
    with path.open("r+b") as stream:
        stream.write(content.replace(old, new, 1))
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))


def test_a_ledger_is_read_once_in_a_run_and_anew_where_anything_of_it_was_altered(
    bastion: Bastion, monkeypatch: pytest.MonkeyPatch
) -> None:
    bastion.ready()
    reader, question = Reader(monkeypatch), bastion.asking()
    assert answer(question, bastion.now).verified == "", "what was just written may be altered without a trace"
    later = bastion.now + timedelta(seconds=5)

    def again(verified: str) -> Answer:
        return answer(replace(question, recorded=replace(question.recorded, verified=verified)), later)

    mark = again("").verified
    reader.times = 0
    assert (again(mark).verdict.ok, again(mark).verified, reader.times) == (True, mark, 0)
    assert (again("of another run").verdict.ok, reader.times) == (True, 1)

    settings = load(bastion.configuration)
    Runs(settings.ledger(), settings.place()).open(str(UUID(int=9)), {"playbook": "try.yml"})
    later += timedelta(seconds=5)
    grown = again(mark)
    assert (grown.verdict.ok, grown.verified != mark, reader.times) == (True, True, 2)

    overwritten(bastion.ledger / "ledger.jsonl", b"try.yml", b"dry.yml")
    found = again(grown.verified)
    assert "ledger: expected to be whole, found entry 1 was altered" in str(found.verdict.reasons)
    assert (found.verified, reader.times) == ("", 3)


def lost(bastion: Bastion) -> Asking:
    """Have the ledger be one whose etcd does not answer."""
    missing = {"members": {"a": "127.0.0.1"}, "port": 1, "ca_file": "/ca", "cert_file": "/cert", "key_file": "/key"}
    (bastion.path / "ledger.json").write_text(
        json.dumps({"estate": "lab", "directory": str(bastion.ledger), "etcd": missing})
    )
    asked = bastion.asking()
    return replace(asked, recorded=replace(asked.recorded, spool=True))


def test_with_etcd_down_only_break_glass_runs(bastion: Bastion) -> None:
    bastion.ready()
    asked = lost(bastion)
    found = answer(asked, bastion.now).verdict
    assert [reason.partition(",")[0] for reason in found.reasons] == [
        "lock: expected to be seen",
        "ledger: expected to be reached",
    ]
    found = answer(replace(asked, break_glass="etcd is lost"), bastion.now).verdict
    assert found.ok
    assert found.facts["lock"].startswith("not taken: ")


def reviews(bastion: Bastion, name: str) -> list[dict[str, Any]]:
    return [kept for key, kept in bastion.kept(name).items() if key.startswith("change/reviews/")]


def test_who_decides_by_a_copy_is_told_where_it_ends(bastion: Bastion) -> None:
    bastion.ready()
    assert "copy" not in answer(bastion.asking(), bastion.now).verdict.facts
    glass = replace(lost(bastion), break_glass="etcd is lost")
    behind = brought_up(bastion.configuration)
    assert "etcd" in behind
    for question in (glass, replace(glass, check=True, behind=behind)):
        found = answer(question, bastion.now)
        said = sentences(found.verdict, found.plan)
        ends = f"which ends with entry 1 of {bastion.entries()[-1].fields['at']}, since "
        assert f"What stands half way is known by this machine's copy of the ledger, {ends}" in said


def test_what_ran_with_etcd_down_is_reviewed_once_it_answers(bastion: Bastion) -> None:
    bastion.ready()
    up, waiting, shared = (bastion.path / "ledger.json").read_text(), "ledger/spool/keys.json", "ledger/keys.json"
    glass = replace(lost(bastion), break_glass="etcd is lost")
    assert answer(replace(glass, check=True), bastion.now).verdict.ok
    assert not (bastion.path / waiting).exists(), "who only asks keeps nothing"
    for minutes in (0, 1):
        found = answer(glass, bastion.now + timedelta(minutes=minutes)).verdict
        assert (found.ok, found.facts["review"]["waits"]) == (True, True)
    (review,) = reviews(bastion, waiting)
    assert review["ran"] == [{"person": "eve", "run": RUN, "reason": "etcd is lost"}]

    (bastion.path / "ledger.json").write_text(up)
    asked = replace(bastion.asking(), recorded=replace(bastion.asking().recorded, run=str(UUID(int=8))))
    said = f"review: expected break-glass {CHANGE}, which eve ran because 'etcd is lost', to be reviewed"
    assert said in str(answer(replace(asked, check=True), bastion.now).verdict.reasons)
    assert not (bastion.path / shared).exists(), "who only asks opens nothing"
    for _time in range(2):
        assert said in str(answer(asked, bastion.now).verdict.reasons)
        assert reviews(bastion, shared) == [review]
        assert reviews(bastion, waiting) == []
    later = bastion.now + timedelta(minutes=2)
    bastion.sign("ada", "review", at=later)
    assert answer(asked, later).verdict.ok
    assert reviews(bastion, shared) == []


def test_a_review_that_cannot_wait_either_stops_what_would_need_it(bastion: Bastion) -> None:
    bastion.ready()
    glass = replace(lost(bastion), break_glass="etcd is lost")
    (bastion.ledger / "spool").mkdir()
    (bastion.ledger / "spool" / "keys.json").write_text("[]")
    found = answer(glass, bastion.now).verdict
    assert "review: expected to wait on this machine, found " in found.reasons[0]
    (bastion.path / "ledger.json").write_text(json.dumps({"estate": "other", "directory": str(bastion.ledger)}))
    found = answer(glass, bastion.now).verdict
    assert "review: expected a place where it can wait, found " in str(found.reasons)
    assert "expected the ledger of lab; found that of other" in str(found.reasons)


def test_a_plan_that_two_ran_by_break_glass_is_reviewed_by_a_third(tmp_path: Path) -> None:
    people = SAID.replace("flo: {roles: []}", "flo: {roles: [engineer, manager]}")
    bastion = Bastion(tmp_path, **{"approvers/people.yml": people.replace("[engineer]}", "[engineer, manager]}", 1)})
    bastion.planned()
    asked = bastion.asking()

    def at(minutes: int) -> datetime:
        return bastion.now + timedelta(minutes=minutes)

    def glass(person: str, number: int, minutes: int) -> Answer:
        for launched in bastion.approvals.glob("*-launch-*"):
            launched.unlink()
        bastion.sign(person, "launch", at=at(minutes))
        recorded = replace(asked.recorded, run=str(UUID(int=number)))
        found = answer(replace(asked, recorded=recorded, break_glass=f"{person} cannot wait"), at(minutes))
        release(bastion.configuration, recorded.run)
        return found

    assert glass("eve", 8, 1).verdict.ok
    bastion.sign("ada", "review", at=at(2))
    assert glass("flo", 9, 3).verdict.ok
    assert "reviewed" not in [entry.event for entry in bastion.entries()], "ada has looked at one of two"
    (review,) = (kept for key, kept in bastion.kept().items() if key.startswith("change/reviews/"))
    assert [(one["person"], one["reason"]) for one in review["ran"]] == [
        ("eve", "eve cannot wait"),
        ("flo", "flo cannot wait"),
    ]
    bastion.sign("ada")
    for person in ("eve", "flo"):
        bastion.sign(person, "review", at=at(4))
    said = answer(asked, at(5)).verdict.reasons
    assert len(said) == 3
    assert f"review: expected somebody else than eve and flo to close that of {CHANGE}, who ran it" in said
    assert any("to be closed after it was opened" in reason for reason in said), "ada has not seen what flo did"
    assert "which eve ran because 'eve cannot wait' and flo ran because 'flo cannot wait', to be reviewed" in said[-1]
    bastion.sign("ada", "review", at=at(6))
    found = answer(asked, at(7)).verdict
    assert found.ok, found.reasons
    assert [key for key in bastion.kept() if key.startswith("change/reviews/")] == []
    assert [(one["ran"], one["by"], one["late"]) for one in found.facts["reviews_closed"]] == [
        ("eve, flo", "ada", False)
    ]


@pytest.mark.parametrize("late", [True, False])
def test_a_review_that_is_closed_is_in_the_ledger_whichever_plans_run_sees_it(bastion: Bastion, *, late: bool) -> None:
    bastion.planned()
    other = json.loads((bastion.path / "plan.json").read_text())
    other["steps"] = other["steps"][:1]
    (bastion.path / "plan.json").write_text(json.dumps(other))
    opened, digest = datetime.now(UTC) - timedelta(hours=3), plan_of(other).digest
    review = Review(CHANGE, (Ran("eve", RUN, "x"),), opened, opened + timedelta(hours=2 if late else 4), digest)
    ChangeState(load(bastion.configuration).keys(), "lab").open_review(review)
    bastion.sign("ada", "review")
    bastion.ready()
    assert answer(bastion.asking(), bastion.now).verdict.ok
    seen = bastion.entries()[-1]
    known = {"change": CHANGE, "plan": digest, "ran": "eve", "by": "ada", "late": late}
    assert (seen.event, seen.run) == ("reviewed", RUN)
    assert known.items() <= seen.fields.items()
    assert answer(bastion.asking(), bastion.now).verdict.ok
    assert bastion.entries()[-1] == seen, "said once"


def test_a_review_stays_open_where_the_ledger_cannot_say_who_closed_it(
    bastion: Bastion, monkeypatch: pytest.MonkeyPatch
) -> None:
    bastion.planned()
    opened = datetime.now(UTC) - timedelta(minutes=5)
    digest = plan_of(json.loads((bastion.path / "plan.json").read_text())).digest
    review = Review(CHANGE, (Ran("eve", RUN, "x"),), opened, opened + timedelta(hours=1), digest)
    ChangeState(load(bastion.configuration).keys(), "lab").open_review(review)
    bastion.sign("ada", "review")
    bastion.ready()

    def full(*_given: object) -> None:
        raise Refused("ledger", found="a full disk")

    monkeypatch.setattr("ansible_collections.erpops.estate.plugins.module_utils.ledger.writer.Ledger.append", full)
    assert "found a full disk" in str(answer(bastion.asking(), bastion.now).verdict.reasons)
    assert [key for key in bastion.kept() if key.startswith("change/reviews/")]


def test_where_awx_is_asked_no_signature_launches(bastion: Bastion) -> None:
    bastion.ready()
    asked = bastion.asking()
    awx = {"url": "https://127.0.0.1:1", "ca_file": "/ca", "token_file": "/none"}
    with pytest.raises(MissingFile, match="token of AWX; expected /none"):
        answer(replace(asked, job=12, governance={**asked.governance, "awx": awx}), bastion.now)


def test_what_is_signed_is_the_plan_that_one_was_told_of(bastion: Bastion) -> None:
    bastion.planned()
    given = {
        "plan_file": str(bastion.path / "plan.json"),
        "decision": "approve",
        "person": "ada",
        "key_file": str(bastion.keys["ada"].path),
        "directory": str(bastion.path / "mine"),
        "digest": "sha256:0",
    }
    with pytest.raises(Refused, match="expected the plan sha256:0; found sha256:"):
        decide(given, bastion.now)
    assert decide({**given, "digest": None}, bastion.now, dry=True).approval.person == "ada"
    assert not (bastion.path / "mine").exists()
    (bastion.path / "bad.json").write_text("{}")
    for name, said in (("none.json", "--check of its playbook makes it"), ("bad.json", "change: expected text")):
        with pytest.raises(ClientError, match=said):
            decide({**given, "plan_file": str(bastion.path / name)}, bastion.now)
