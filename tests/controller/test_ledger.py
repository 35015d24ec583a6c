# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs playbooks with the callback plugin, and looks at what the ledger has of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.erpops.estate.plugins.module_utils.evidence import record
from ansible_collections.erpops.estate.plugins.module_utils.evidence.audit import Question
from ansible_collections.erpops.estate.plugins.module_utils.evidence.entry import Entry, parse, record_name
from ansible_collections.erpops.estate.plugins.module_utils.ledger.verify import verify

from tests.conftest import SOURCE

# One for each way a secret comes into a run.
CANARIES = ("canary-vault", "canary-inventory", "canary-play", "canary-extra", "canary-hidden", "canary-returned")

EVERYTHING: list[dict[str, Any]] = [
    {
        "name": "Try everything",
        "hosts": "all",
        "gather_facts": False,
        "vars": {"play_password": "canary-play", "derived_secret": "{{ vault_password }}"},
        "tasks": [
            {"name": "Set {{ play_password }}", "ansible.builtin.debug": {"msg": "{{ derived_secret }}"}},
            {
                "name": "Write",
                "ansible.builtin.copy": {"content": "canary-inventory", "dest": "{{ out }}", "mode": "0600"},
            },
            {
                "name": "Fail openly",
                "ansible.builtin.fail": {"msg": "no login with {{ api_token }} nor {{ db.password }}"},
                "ignore_errors": True,
            },
            {
                "name": "Fail in secret",
                "ansible.builtin.fail": {"msg": "canary-hidden"},
                "ignore_errors": True,
                "no_log": True,
            },
            {
                "name": "Declare",
                "erpops.estate.evidence": {
                    "kind": "before",
                    "data": {
                        "odoo": "19.0",
                        "url": "//a:{{ vault_password }}@b",
                        "some_token": "canary-returned",
                    },
                },
                "register": "declared",
            },
            {"name": "Be recorded", "ansible.builtin.assert": {"that": "declared.recorded", "quiet": True}},
            {
                "name": "Declare in secret",
                "erpops.estate.evidence": {"kind": "before", "data": {"hidden": "canary-hidden"}},
                "no_log": True,
            },
        ],
    }
]
WAIT = [
    {
        "name": "Wait",
        "hosts": "all",
        "gather_facts": False,
        "tasks": [
            {"name": "Begin", "ansible.builtin.command": "true", "changed_when": False},
            {"name": "Go on", "ansible.builtin.shell": "touch {{ out }}; sleep 15", "changed_when": True},
        ],
    }
]
DECLARE = [
    {"hosts": "all", "gather_facts": False, "tasks": [{"erpops.estate.evidence": {"kind": "after", "data": {"a": 1}}}]}
]
CHANGE = [
    {
        "hosts": "all",
        "gather_facts": False,
        "tasks": [
            {"erpops.estate.change_gate": {"plan": {"change": "CHG-7", "playbook": "try", "steps": []}}},
            {"erpops.estate.evidence": {"kind": "after", "data": {"odoo": "2.0"}}},
        ],
    }
]


class Bastion:
    """A directory with an inventory, a configuration of the ledger, and what it takes to run a playbook."""

    def __init__(self, path: Path) -> None:
        self.path, self.ledger, self.out = path, path / "ledger", path / "out"
        (path / "group_vars").mkdir()
        (path / "hosts").write_text(
            f"[estate]\nlocalhost ansible_connection=local ansible_python_interpreter={sys.executable}\n"
        )
        vault = VaultLib([("default", VaultSecret(b"x"))])
        (path / "vault").write_text("x")
        (path / "group_vars" / "all.yml").write_bytes(vault.encrypt(yaml.safe_dump({"vault_password": "canary-vault"})))
        (path / "host_vars").mkdir()
        (path / "host_vars" / "localhost.yml").write_text(
            "db: {password: canary-inventory}\nestate_name: lab\nestate_environment: development\n"
        )
        (path / "ledger.json").write_text(json.dumps({"estate": "lab", "directory": str(self.ledger)}))
        self.environment = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(SOURCE),
            "ANSIBLE_CALLBACKS_ENABLED": "erpops.estate.ledger",
            "ANSIBLE_VAULT_PASSWORD_FILE": str(path / "vault"),
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
            "ANSIBLE_FORCE_COLOR": "false",
            "ERPOPS_LEDGER": str(path / "ledger.json"),
        }

    def start(
        self, playbook: str | list[dict[str, Any]], *arguments: str, name: str = "try.yml"
    ) -> subprocess.Popen[str]:
        """Start a playbook of the collection by its name, or this one."""
        if isinstance(playbook, str):
            name = playbook
        else:
            (self.path / name).write_text(yaml.safe_dump(playbook, sort_keys=False))
        program = str(Path(sys.executable).with_name("ansible-playbook"))
        extra = ["-e", f"out={self.out}", "-e", "api_token=canary-extra"]
        return subprocess.Popen(
            [program, "-i", "hosts", *extra, *arguments, name],
            cwd=self.path,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, playbook: str | list[dict[str, Any]], *arguments: str, name: str = "try.yml", status: int = 0) -> str:
        done = self.start(playbook, *arguments, name=name)
        output = done.communicate(timeout=120)[0]
        assert done.returncode == status, output
        return output

    def stop(self, how: signal.Signals) -> None:
        """Begin a run, and end its process in the middle of a task."""
        running = self.start(WAIT)
        limit = time.monotonic() + 60
        while not self.out.exists():
            assert time.monotonic() < limit
            assert running.poll() is None, running.communicate()[0]
            time.sleep(0.05)
        os.kill(running.pid, how)
        running.wait(30)
        self.out.unlink()

    def entries(self) -> list[Entry]:
        path = self.ledger / "ledger.jsonl"
        return [parse(line) for line in path.read_bytes().splitlines(keepends=True)] if path.exists() else []

    def record(self, entry: Entry) -> record.Record:
        return record.load((self.ledger / record_name(entry.fields["record"])).read_bytes())


@pytest.fixture
def bastion(tmp_path: Path) -> Bastion:
    return Bastion(tmp_path)


def test_a_run_is_recorded_without_any_secret(bastion: Bastion) -> None:
    output = bastion.run(EVERYTHING)
    assert "canary-play" in output, "the run shows what the record must not have"
    opened, closed = bastion.entries()
    assert (opened.event, closed.event, opened.run) == ("opened", "closed", closed.run)
    assert (opened.fields["playbook"], closed.fields["outcome"], closed.fields["changed"]) == (
        "try.yml",
        "succeeded",
        1,
    )
    found = bastion.record(closed)
    assert [(step.task, step.action, step.changed) for step in found.steps][:2] == [
        ("Set [redacted]", "ansible.builtin.debug", []),
        ("Write", "ansible.builtin.copy", ["localhost"]),
    ]
    assert [failure.message for failure in found.failures] == ["no login with [redacted] nor [redacted]", ""]
    assert found.before == {"odoo": "19.0", "url": "//a:[redacted]@b", "some_token": "[redacted]"}
    assert found.hosts["localhost"]["ignored"] == 2
    kept = b"".join(path.read_bytes() for path in bastion.ledger.rglob("*") if path.is_file())
    assert [canary for canary in CANARIES if canary.encode() in kept] == []
    assert verify(Question(str(bastion.ledger), records=True)).as_dict()["ok"]
    # Of a processor that others use, too; the figure that counts is measured elsewhere.
    assert 0 < found.spent.median_us < 20_000
    assert found.spent.ending_ms > 0
    assert found.spent.events >= len(found.steps) * 2


def test_what_ran_is_verified_and_drawn_by_playbooks(bastion: Bastion) -> None:
    bastion.run(CHANGE)
    given = ["-e", f"ledger_configuration={bastion.path}/ledger.json"]
    program = bastion.path / "verify.pyz"
    output = bastion.run("erpops.estate.ledger_verify", *given, "-e", f"ledger_program={program}")
    assert "The 3 entries are a chain" in output
    alone = [sys.executable, "-I", "-S", str(program), str(bastion.ledger), "--records"]
    assert subprocess.run(alone, check=False, capture_output=True).returncode == 0
    page = bastion.path / "page.html"
    bastion.run("erpops.estate.change_page", *given, "-e", "change=CHG-7", "-e", f"change_page={page}")
    text = page.read_text(encoding="utf-8")
    assert "<h1>Change CHG-7</h1>" in text
    assert "<td>odoo</td><td></td><td>2.0</td>" in text
    assert "No run of CHG-8 is in this ledger" in bastion.run(
        "erpops.estate.change_page", *given, "-e", "change=CHG-8", status=2
    )
    # Nothing of this was recorded.
    assert len(bastion.entries()) == 3
    path = bastion.ledger / "ledger.jsonl"
    path.write_bytes(path.read_bytes().replace(b"try.yml", b"dry.yml", 1))
    output = bastion.run("erpops.estate.ledger_verify", *given, status=2)
    assert "the first wrong entry is 1 (altered)" in " ".join(output.split())


FORGED = {
    "plan": {"change": "CHG-7", "digest": "sha256:1"},
    "approvals": [{"person": "ada"}],
    "verdict": {"ok": True, "change": "CHG-7", "break_glass": "forged"},
    "launcher": {"person": "eve", "proof": "signature"},
}


def test_what_is_the_gates_own_neither_a_task_nor_a_host_can_declare(bastion: Bastion) -> None:
    pieces = [{"kind": kind, "data": data} for kind, data in FORGED.items()]
    # Who is root on a host decides what its Python answers.
    answer = json.dumps({"changed": False, "evidence": [*pieces, {"kind": "after", "data": {"said": "by the host"}}]})
    host = bastion.path / "python"
    host.write_text(f"#!/bin/sh\necho '{answer}'\n")
    host.chmod(0o755)
    tasks: list[dict[str, Any]] = [{"erpops.estate.evidence": piece, "ignore_errors": True} for piece in pieces]
    tasks += [{"erpops.estate.host_info": {}, "vars": {"ansible_python_interpreter": str(host)}}]
    output = bastion.run([{"hosts": "all", "gather_facts": False, "tasks": tasks}])
    assert output.count("value of kind must be one of: before, after, verification") >= len(FORGED)
    closed = bastion.entries()[-1]
    assert closed.fields.keys().isdisjoint({"change", "launcher", "plan", "break_glass"})
    found = bastion.record(closed)
    assert found.after == {"said": "by the host"}
    assert (found.plan, found.approvals, found.verdicts, found.change) == ({}, [], [], "")
    assert "launcher" not in found.origin


def test_nobody_blanks_his_own_run_by_what_he_calls_a_secret(bastion: Bastion) -> None:
    today = datetime.now(UTC).date().isoformat()
    cover = ["succeeded", today, "localhost", "try.yml", "CHG-7-cover", "sha256", "changed"]
    bastion.run(CHANGE, "-e", json.dumps({"cover_token": cover}))
    found = bastion.record(bastion.entries()[-1])
    assert (found.outcome, found.playbook, list(found.hosts)) == ("succeeded", "try.yml", ["localhost"])
    assert found.plan_digest.startswith("sha256:")
    assert [str(datetime.fromisoformat(said["at"]).date()) for said in found.verdicts] == [today]
    assert found.verdicts[0]["ok"] is True


def test_a_killed_run_leaves_an_entry_that_says_so(bastion: Bastion) -> None:
    bastion.stop(signal.SIGKILL)
    (opened,) = bastion.entries()
    assert [run["run"] for run in verify(Question(str(bastion.ledger))).unfinished] == [opened.run]
    bastion.run([{"hosts": "all", "gather_facts": False, "tasks": [{"ansible.builtin.fail": {}}]}], status=2)
    events = [(entry.event, entry.run == opened.run) for entry in bastion.entries()]
    assert events == [("opened", True), ("interrupted", True), ("opened", False), ("closed", False)]
    assert bastion.entries()[-1].fields["outcome"] == "failed"
    assert verify(Question(str(bastion.ledger))).unfinished == []


def test_a_run_that_a_person_ends_is_closed_as_interrupted(bastion: Bastion) -> None:
    bastion.stop(signal.SIGINT)
    opened, closed = bastion.entries()
    assert (closed.run, closed.fields["outcome"]) == (opened.run, "interrupted")
    assert [step.task for step in bastion.record(closed).steps] == ["Begin"]


def test_what_changes_nothing_is_not_recorded(bastion: Bastion) -> None:
    assert '"recorded": false' in bastion.run(DECLARE, "--check", "-v").lower()
    assert '"recorded": false' in bastion.run(DECLARE, "-v", name="status.yml").lower()
    assert bastion.entries() == []


def test_a_run_that_cannot_be_recorded_says_why_and_is_known_not_to_be(bastion: Bastion) -> None:
    (bastion.path / "ledger.json").write_text('{"estate": "lab"}')
    output = bastion.run(DECLARE, "-v")
    assert "This run is not recorded: " in output
    assert "expected directory; found nothing" in " ".join(output.split())
    assert '"recorded": false' in output.lower()
