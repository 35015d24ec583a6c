# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gate gathers and what it keeps, where running a playbook would show no more."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError, MissingFile, Refused
from ansible_collections.erpops.estate.plugins.module_utils.governance.asked import Asking, Recorded, answer
from ansible_collections.erpops.estate.plugins.module_utils.governance.signed import decide
from ansible_collections.erpops.estate.plugins.module_utils.ledger.runs import Runs
from ansible_collections.erpops.estate.plugins.module_utils.ledger.settings import load
from ansible_collections.erpops.estate.plugins.module_utils.policy import leases
from ansible_collections.erpops.estate.plugins.module_utils.policy.change import kept

from tests.controller.governed import CHANGE, PLAN, Governed

RUN = str(UUID(int=7))


class Bastion(Governed):
    """Asks without a playbook."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
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
            evidence=[{"kind": "backup", "taken": self.now.isoformat(), "ok": True}],
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


def test_with_etcd_down_only_break_glass_runs(bastion: Bastion) -> None:
    bastion.ready()
    missing = {"members": {"a": "127.0.0.1"}, "port": 1, "ca_file": "/ca", "cert_file": "/cert", "key_file": "/key"}
    (bastion.path / "ledger.json").write_text(
        json.dumps({"estate": "lab", "directory": str(bastion.ledger), "etcd": missing})
    )
    asked = bastion.asking()
    asked = replace(asked, recorded=replace(asked.recorded, spool=True))
    found = answer(asked, bastion.now).verdict
    assert [reason.partition(",")[0] for reason in found.reasons] == [
        "lock: expected to be seen",
        "ledger: expected to be reached",
    ]
    found = answer(replace(asked, break_glass="etcd is lost"), bastion.now).verdict
    assert found.ok
    assert found.facts["lock"].startswith("not taken: ")


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
