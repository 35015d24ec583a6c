# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A company that governs its changes, in a directory: a signed repository, people's keys, a bastion with playbooks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.erpops.estate.plugins.module_utils.evidence import record
from ansible_collections.erpops.estate.plugins.module_utils.evidence.entry import Entry, parse, record_name
from ansible_collections.erpops.estate.plugins.module_utils.governance.laid_down import laid_down
from ansible_collections.erpops.estate.plugins.module_utils.governance.signed import decide
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.planned import completed

from tests.conftest import SOURCE
from tests.unit.plugins.module_utils.keys import Key

CHANGE = "CHG-2026-0042"
PEOPLE = ("ada", "eve", "flo", "mallory")
POLICY = """version: 1
tiers:
  standard: {rpo_minutes: 60, rto_minutes: 240}
instances:
  harbor: {tier: standard}
rules:
  - for: {environments: [production], kinds: [patch]}
    window: true
    approvals: [{role: manager, at_least: 1}]
    launchers: [engineer]
    evidence: [{kind: backup, max_age_hours: 24}]
break_glass:
  - environments: [production]
    roles: [engineer]
    skips: [window, freeze, approvals]
    review_roles: [manager]
    review_within_hours: 24
"""
SAID = """version: 1
roles: {manager: lets changes through, engineer: runs them}
people:
  ada: {roles: [manager]}
  eve: {roles: [engineer]}
  flo: {roles: []}
  mallory: {roles: []}
"""
ASKED = """version: 1
id: CHG-2026-0042
title: Kernel
reason: A hole in it.
kind: patch
environment: production
scope: {instances: [harbor]}
requester: flo
risk: low
rollback: The boot loader keeps the kernel before.
"""
EVENT = """BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:x\r
BEGIN:VEVENT\r
UID:{name}\r
SUMMARY:{name}\r
CATEGORIES:{effect}\r
DTSTART:{start:%Y%m%dT%H%M%SZ}\r
DTEND:{end:%Y%m%dT%H%M%SZ}\r
END:VEVENT\r
END:VCALENDAR\r
"""


def event(name: str, effect: str, hours: int, begins: timedelta = timedelta(hours=-1)) -> str:
    """Return a calendar with one event, which began an hour ago."""
    now = datetime.now(UTC)
    return EVENT.format(name=name, effect=effect, start=now + begins, end=now + timedelta(hours=hours))


PLAN = {
    "change": CHANGE,
    "playbook": "try",
    "steps": [
        {"name": "node1", "hosts": ["node1"], "seconds": 60},
        {"name": "node2", "hosts": ["node2"], "seconds": 60},
    ],
}
# What is to be changed stands for an estate: a file that each host adds its name to.
PLAYBOOK = [
    {
        "name": "Change something",
        "hosts": "estate",
        "gather_facts": False,
        "serial": 1,
        "vars": {"gate_done": "{{ groups['estate'][: groups['estate'].index(inventory_hostname)] }}"},
        "tasks": [
            {
                "name": "Ask",
                "tags": ["always"],
                "erpops.estate.change_gate": {
                    "plan": PLAN,
                    "dest": "{{ playbook_dir }}/plan.json",
                    "done": "{{ gate_done }}",
                    "break_glass": "{{ break_glass | default(omit) }}",
                    "evidence": [
                        {
                            "kind": "backup",
                            "taken": "{{ now(utc=true).isoformat() }}+00:00",
                            "ok": True,
                            "recovery_point": "{{ now(utc=true).isoformat() }}+00:00",
                        }
                    ],
                    "clocks": {"node1": 0.1, "node2": 0.0},
                },
            },
            {
                "name": "Change it",
                "ansible.builtin.shell": "echo {{ inventory_hostname }} >> changed; cat ledger/keys.json > during;"
                " {{ meanwhile | default('true') }}",
                "args": {"chdir": "{{ playbook_dir }}"},
            },
        ],
    }
]


class Governed:
    """Everything that the gate is told is in one directory; tests alter one thing and run the playbook."""

    program = str(Path(sys.executable).with_name("ansible-playbook"))

    def __init__(self, path: Path, **laid: str) -> None:
        self.path, self.repository = path, path / "governance"
        self.approvals, self.ledger = path / "approvals", path / "ledger"
        self.owner = Key(path, "owner")
        self.keys = {name: Key(path, name) for name in PEOPLE}
        (path / "owners").write_text(self.owner.allowed("olga"))
        self.approvals.mkdir()
        files = {
            "policy.yml": POLICY,
            "approvers/people.yml": SAID,
            "approvers/allowed_signers": "".join(self.keys[name].allowed(name) for name in PEOPLE[:3]),
            f"changes/{CHANGE}.yml": ASKED,
            "calendars/windows.ics": event("tonight", "window", 6),
            **laid,
        }
        self.repository.mkdir()
        self.git("init", "-q", "-b", "main", ".")
        self.commit(**files)
        self.inventory()
        (path / "ledger.json").write_text(json.dumps({"estate": "lab", "directory": str(self.ledger)}))
        (path / "try.yml").write_text(yaml.safe_dump(PLAYBOOK, sort_keys=False))
        self.environment = {
            **os.environ,
            "PWD": str(path),
            "ANSIBLE_COLLECTIONS_PATH": str(SOURCE),
            "ANSIBLE_CALLBACKS_ENABLED": "erpops.estate.ledger",
            "ANSIBLE_FORCE_COLOR": "false",
            "ERPOPS_LEDGER": str(path / "ledger.json"),
        }

    def places(self) -> dict[str, str]:
        """Return where everything is, as an inventory says it."""
        governance = {"directory": "governance", "owners": "owners", "approvals": "approvals", "cache": "cache"}
        return {name: str(self.path / place) for name, place in governance.items()}

    def inventory(
        self, environment: str = "production", *, governed: bool = True, groups: tuple[str, ...] = (), **more: Any
    ) -> None:
        said = {
            "estate_name": "lab",
            "estate_environment": environment,
            "estate_governance": self.places() if governed else {},
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            **more,
        }
        nodes = {"hosts": {"node1": None, "node2": None}}
        hosts = {"estate": {**nodes, "vars": said}, **dict.fromkeys(groups, nodes)}
        (self.path / "hosts.yml").write_text(yaml.safe_dump(hosts))

    def git(self, *arguments: str) -> str:
        settings = ["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "gpg.format=ssh"]
        settings += ["-c", f"user.signingkey={self.owner.path}"]
        environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        command = ["git", "-C", str(self.repository), *settings, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout.strip()

    def commit(self, **files: str) -> str:
        for name, text in files.items():
            (self.repository / name).parent.mkdir(exist_ok=True)
            (self.repository / name).write_text(text, encoding="utf-8", newline="")
        self.git("add", "-A")
        self.git("commit", "-q", "-S", "-m", "x")
        return self.git("rev-parse", "HEAD")

    def freeze(self) -> str:
        return self.commit(**{"calendars/freeze.ics": event("Close", "freeze", 1)})

    def ansible(self, *arguments: str, status: int = 0) -> str:
        done = subprocess.run(
            [self.program, "-i", "hosts.yml", *arguments],
            cwd=self.path,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == status, done.stdout
        # As a person reads it, without the escapes and line ends of the terminal's form.
        return " ".join(done.stdout.replace("\\n", "\n").split())

    def run(self, *arguments: str, status: int = 0) -> str:
        return self.ansible("try.yml", *arguments, status=status)

    def killed(self) -> None:
        """Begin a run, and end all its processes in the middle of the first host."""
        begun = self.path / "begun"
        running = subprocess.Popen(
            [self.program, "-i", "hosts.yml", "-e", f"meanwhile='touch {begun}; sleep 60'", "try.yml"],
            cwd=self.path,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        limit = time.monotonic() + 60
        while not begun.exists():
            assert time.monotonic() < limit
            assert running.poll() is None
            time.sleep(0.05)
        os.killpg(running.pid, signal.SIGKILL)
        running.wait(30)

    def planned(self) -> None:
        """Leave the plan that --check leaves, faster."""
        place, owners = str(self.repository), str(self.path / "owners")
        laid = laid_down(place, owners, change_id=CHANGE, now=datetime.now(UTC), cache=str(self.path / "cache"))
        plan = completed(PLAN, laid.governance, estate="lab", environment="production")
        (self.path / "plan.json").write_text(json.dumps(plan.as_dict()))

    def sign(
        self,
        person: str,
        decision: str = "approve",
        *,
        key: str = "",
        at: datetime | None = None,
        plan: str = "plan.json",
    ) -> None:
        """Sign as the playbooks do, faster."""
        said = {"plan_file": str(self.path / plan), "person": person, "decision": decision}
        said |= {"key_file": str(self.keys[key or person].path), "directory": str(self.approvals)}
        decide(said, at or datetime.now(UTC))

    def ready(self) -> None:
        """Have the plan approved and launched."""
        self.planned()
        self.sign("ada")
        self.sign("eve", "launch")

    def changed(self) -> list[str]:
        path = self.path / "changed"
        return path.read_text().split() if path.exists() else []

    def kept(self, name: str = "ledger/keys.json") -> dict[str, Any]:
        found: dict[str, list[Any]] = json.loads((self.path / name).read_text())["keys"]
        return {key.removeprefix("/erpops/lab/"): json.loads(value) for key, (value, _revision) in found.items()}

    def entries(self) -> list[Entry]:
        return [parse(line) for line in (self.ledger / "ledger.jsonl").read_bytes().splitlines(keepends=True)]

    def record(self) -> record.Record:
        """Return the record of the last run."""
        name = record_name(self.entries()[-1].fields["record"])
        return record.load((self.ledger / name).read_bytes())
