# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drift is judged on the controller: by an inventory, and by waivers of a repository that is signed or not believed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import REPOSITORY
from tests.controller.governed import Governed

NOTHING = {"containers": [], "accounts": [], "grants": [], "login": "root", "packages": {}, "tables": []}
STRANGER = {"name": "stranger", "image": "busybox", "running": True, "managed": False}
PACKAGES: dict[str, list[str]] = {"docker_engine_packages": [], "estate_host_packages": []}


def waiver(waives: str, host: str) -> str:
    said = {
        "version": 1,
        "id": "WVR-1",
        "owner": "ada",
        "reason": "It measures something.",
        "waives": [waives],
        "environments": ["production"],
        "hosts": [host],
        "expires": f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%dT%H:%M}Z",
    }
    return yaml.safe_dump(said)


class Estate(Governed):
    def drift(self, found: dict[str, Any], *, status: int = 0) -> tuple[str, dict[str, Any]]:
        judge = str(REPOSITORY / "playbooks" / "tasks" / "drift_judge.yml")
        play = {"name": "Judge", "hosts": "estate", "gather_facts": False, "vars": {"drift_seen": found, **PACKAGES}}
        tasks = [{"name": "Judge", "ansible.builtin.import_tasks": judge}]
        (self.path / "drift.yml").write_text(yaml.safe_dump([{**play, "tasks": tasks}]))
        result = self.path / "result.json"
        said = json.dumps({"drift_result": str(result), **PACKAGES})
        output = self.ansible("drift.yml", "-e", said, status=status)
        data: dict[str, Any] = json.loads(result.read_text())
        return output, data

    def gathered(self, told: dict[str, Any]) -> dict[str, Any]:
        """Judge what the playbook drift itself makes of what its tasks were told on both hosts."""
        playbooks = REPOSITORY / "playbooks"
        play = yaml.safe_load((playbooks / "drift.yml").read_text(encoding="utf-8"))[-1]
        play["tasks"][0]["ansible.builtin.import_tasks"] = str(playbooks / "tasks" / "drift_judge.yml")
        play["tasks"] = [{"name": "Be told", "ansible.builtin.set_fact": told}, *play["tasks"]]
        (self.path / "drift.yml").write_text(yaml.safe_dump([play]))
        said = json.dumps({"drift_result": str(self.path / "result.json"), **PACKAGES})
        self.ansible("drift.yml", "-e", said, status=2)
        data: dict[str, Any] = json.loads((self.path / "result.json").read_text())
        return data


@pytest.fixture
def company(tmp_path: Path) -> Estate:
    return Estate(tmp_path)


def found(*containers: dict[str, Any]) -> dict[str, Any]:
    return {"node1": {"contents": NOTHING}, "node2": {"contents": {**NOTHING, "containers": list(containers)}}}


def test_where_nothing_differs_the_run_ends_well(company: Estate) -> None:
    output, data = company.drift(found())
    assert "What runs is what is declared." in output
    assert (data["ok"], data["differences"]) == (True, [])
    assert data["commit"] == company.git("rev-parse", "HEAD")
    assert not company.ledger.exists(), "it changes nothing and is not recorded"


def test_what_differs_ends_the_run_with_an_error_until_a_waiver_covers_it(company: Estate) -> None:
    output, data = company.drift(found(STRANGER), status=2)
    assert "container stranger: expected nothing of this name, found busybox, runs; owner: estate" in output
    assert "Differences that no waiver covers: 1." in output
    assert data["uncovered"] == 1

    company.commit(**{"waivers/WVR-1.yml": waiver("drift:container", "node1")})
    assert company.drift(found(STRANGER), status=2)[1]["uncovered"] == 1, "it is for another host"

    company.commit(**{"waivers/WVR-1.yml": waiver("drift:container", "node2")})
    output, data = company.drift(found(STRANGER))
    assert "by ada (WVR-1: It measures something.)" in output
    assert (data["ok"], data["uncovered"]) == (True, 0)
    assert [one["waiver"]["id"] for one in data["differences"]] == ["WVR-1"]


def test_no_waiver_counts_of_a_repository_that_cannot_be_believed(company: Estate) -> None:
    company.commit(**{"waivers/WVR-1.yml": waiver("drift:container", "node2")})
    (company.repository / "waivers" / "WVR-1.yml").write_text(waiver("drift:container", "node2"))
    (company.repository / "policy.yml").write_text("version: 1\n")
    output, data = company.drift(found(STRANGER), status=2)
    assert "No waiver counts:" in output
    assert data["uncovered"] == 1
    assert not company.drift(found(), status=2)[1]["ok"], "waivers that cannot be read are no good end either"


def test_a_host_that_does_not_answer_is_an_error(company: Estate) -> None:
    output, _data = company.drift({**found(), "node1": {}}, status=2)
    assert "untold the host: expected an answer, found none; it is unreachable; owner: estate" in output


def test_what_the_tasks_of_the_playbook_were_told_comes_to_be_judged(company: Estate) -> None:
    kept, stray = "/etc/systemd/system/erpops-leases.timer", "/etc/systemd/system/erpops-stray.timer"
    key = {"account": "root", "key": "SHA256:x", "comment": "eve", "file": "/root/.ssh/authorized_keys"}
    told = {
        "drift_contents": {**NOTHING, "containers": [STRANGER], "units": [kept, stray], "login_keys": [key]},
        "__leases_keeper": {"actions": ["enabled erpops-leases.timer"], "units": [kept]},
        "__odoo_databases": {
            "results": [{"__odoo_instance": {"name": "north"}, "differences": [], "undeclared": ["report.stray"]}]
        },
    }
    found = {(one["host"], one["kind"], one["object"]) for one in company.gathered(told)["differences"]}
    each = {
        (host, kind, what)
        for host in ("node1", "node2")
        for kind, what in (
            ("container", "stranger"),
            ("unit", "erpops-leases.timer"),
            ("unit", stray),
            ("user", "root SHA256:x"),
        )
    }
    assert found == each | {("estate", "odoo_parameter", "north/report.stray")}
