# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan that site.yml makes has what really runs: other versions, another plan, until it is the plan's own doing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml
from ansible_collections.erpops.estate.plugins.module_utils.ledger.runs import Runs
from ansible_collections.erpops.estate.plugins.module_utils.ledger.settings import load
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.planned import plan_of

from tests.conftest import REPOSITORY
from tests.controller.governed import CHANGE, POLICY, Governed

PLAYBOOKS = REPOSITORY / "playbooks"
# In place of the command line of an engine: which image its only container has stands in a file.
DOCKER = """#!/bin/sh
case $1 in
    ps) echo 1a ;;
    inspect) printf '/redis ' && cat %s ;;
esac
"""
PLAN = ["-e", f"change={CHANGE}", "-e", "plan=plan.json"]


class Company(Governed):
    """Its site.yml asks hosts and gate as the collection's does, and then changes a file on each host in turn."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.commit(**{"policy.yml": POLICY.replace("    evidence: [{kind: backup, max_age_hours: 24}]\n", "")})
        instances = [{"name": "harbor", "host_names": ["harbor.example.com"], "modules": ["sale"]}]
        more: dict[str, Any] = {"estate_instances": instances, "estate_images": {"redis": "r:2", "traefik": "t:1"}}
        self.said: dict[str, Any] = {"ansible_become": False, **more}
        self.inventory(groups=("redis",), **self.said)
        (path / "bin").mkdir()
        (path / "bin" / "docker").write_text(DOCKER % (path / "image"))
        (path / "bin" / "docker").chmod(0o755)
        self.environment["PATH"] = f"{path / 'bin'}:{self.environment['PATH']}"
        play: dict[str, Any] = yaml.safe_load((PLAYBOOKS / "site.yml").read_text(encoding="utf-8"))[1]
        play["become"] = False
        play["tasks"] = [
            {"name": "Look", "erpops.estate.host_survey": {"containers": True}, "register": "estate_host_survey"},
            {"name": "Ask", "ansible.builtin.import_tasks": str(PLAYBOOKS / "tasks" / "ask_first.yml")},
            {
                "name": "Change it",
                "ansible.builtin.shell": "echo {{ inventory_hostname }} >> changed",
                "args": {"chdir": "{{ playbook_dir }}"},
                "throttle": 1,
                "when": "not ansible_check_mode",
            },
            {"name": "Stop", "ansible.builtin.fail": None, "when": "stops_here is exists"},
        ]
        play["vars"]["stops_here"] = str(path / "stop")
        (path / "site.yml").write_text(yaml.safe_dump([play], sort_keys=False))
        self.runs("r:1")

    def runs(self, image: str) -> None:
        (self.path / "image").write_text(f"{image}\n")

    def stopped(self, *called: str) -> None:
        (self.path / "stop").touch()
        self.ansible("site.yml", *(called or PLAN), status=2)
        (self.path / "stop").unlink()

    def killed_there(self) -> None:
        """Leave in the ledger what a run leaves that nothing ended."""
        settings, run = load(str(self.path / "ledger.json")), str(UUID(int=9))
        about = {"playbook": "site.yml", "change": CHANGE, "launcher": "eve"}
        Runs(settings.ledger(), settings.place()).allow(run, {**about, "plan": plan_of(self.plan()).digest})

    def plan(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.path / "plan.json").read_text())
        return found


@pytest.fixture
def company(tmp_path: Path) -> Company:
    found = Company(tmp_path)
    assert "image redis: r:1 becomes r:2" in found.ansible("site.yml", "--check", *PLAN)
    found.sign("ada")
    found.sign("eve", "launch")
    return found


def test_what_runs_is_in_the_plan_and_the_way_back_follows_from_it(company: Company) -> None:
    plan = company.plan()
    assert plan["before"] == {"image redis": "r:1"}
    assert plan["after"].keys() == {"image redis", "collection", "inventory"}, "no step runs Traefik"
    assert plan["no_return"] == "redis"
    company.runs("r:2")
    said = company.ansible("site.yml", "--check", *PLAN)
    assert "image redis: r:2 as before" in said
    assert (company.plan()["before"], company.plan()["no_return"]) == ({"image redis": "r:2"}, "")
    assert "only forward" not in said


@pytest.mark.parametrize("found", ["r:2", "r:9"])
def test_what_runs_otherwise_since_it_was_approved_is_not_what_was_approved(company: Company, found: str) -> None:
    company.runs(found)
    said = company.ansible("site.yml", *PLAN, status=2)
    assert "plan: expected what the plan's file has, found " in said
    assert f'before \'{{"image redis": "{found}"}}\' where it has \'{{"image redis": "r:1"}}\'' in said
    assert "approvals: the one of ada does not count: it is for plan" in said
    assert company.changed() == []
    company.runs("r:1")
    company.ansible("site.yml", *PLAN)
    assert sorted(company.changed()) == ["node1", "node2"]


@pytest.mark.parametrize("called", [PLAN, PLAN[:2]], ids=["with its file", "by its digest"])
def test_a_run_that_was_stopped_goes_on_by_its_plan_over_its_own_doing_alone(
    company: Company, called: list[str]
) -> None:
    company.stopped(*called)
    company.runs("r:9")
    assert "it is for plan" in company.ansible("site.yml", *called, status=2)
    company.runs("r:2")
    company.ansible("site.yml", *called)
    assert len(company.changed()) == 4
    assert company.record().plan["before"] == {"image redis": "r:1"}
    assert "it is for plan" in company.ansible("site.yml", *called, status=2), "what is finished is begun anew"


def test_another_plan_after_a_run_that_was_stopped_has_what_it_finds_and_runs_by_its_own_file(company: Company) -> None:
    company.stopped()
    company.runs("r:2")
    company.said["estate_instances"][0]["modules"].append("stock")
    company.inventory(groups=("redis",), **company.said)
    second = ["-e", f"change={CHANGE}", "-e", "plan=second.json"]
    assert "image redis: r:2 as before" in company.ansible("site.yml", "--check", *second)
    company.sign("ada", plan="second.json")
    company.sign("eve", "launch", plan="second.json")
    company.ansible("site.yml", *second)
    assert company.record().plan["before"] == {"image redis": "r:2"}


def test_a_dry_run_leaves_the_file_by_which_a_killed_run_goes_on(company: Company) -> None:
    begun = company.plan()
    company.killed_there()
    company.runs("r:2")
    assert "image redis: r:1 becomes r:2" in company.ansible("site.yml", "--check", *PLAN)
    company.said["estate_instances"][0]["modules"].append("stock")
    company.inventory(groups=("redis",), **company.said)
    said = company.ansible("site.yml", "--check", *PLAN, status=2)
    assert f"it has the plan by which {CHANGE} stands half way (plan: expected what the plan's file has" in said
    assert company.plan() == begun


def test_a_role_s_own_image_is_in_the_plan(company: Company) -> None:
    company.inventory(groups=("redis", "image_registry"), image_registry_image="i:1", **company.said)
    company.ansible("site.yml", "--check", *PLAN)
    assert {name: image for name, image in company.plan()["after"].items() if name.startswith("image")} == {
        "image image_registry": "i:1",
        "image redis": "r:2",
    }
