# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drift can change nothing, and leaves no role out: said of its plays, whatever an estate looks like."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml
from ansible_collections.erpops.estate.plugins.module_utils.policy.drift.gathered import NAMES

from tests.conftest import REPOSITORY

PLAYBOOK = REPOSITORY / "playbooks" / "drift.yml"
ROLES = REPOSITORY / "roles"
# What it judges with runs on the controller alone.
JUDGES = "Judge what was found"


def plays() -> list[dict[str, Any]]:
    found = yaml.safe_load(PLAYBOOK.read_text(encoding="utf-8"))
    return [play for play in found if "hosts" in play]


def parts() -> Iterator[tuple[str, str]]:
    """Yield role and phase of everything that is compared."""
    for play in plays():
        for task in play["tasks"]:
            one = task.get("vars", {}).get("drift_part", {})
            for part in [*task.get("loop", ()), *([one] if "phase" in one else [])]:
                yield part["role"], part["phase"]


def test_every_play_that_touches_a_host_is_in_check_mode() -> None:
    for play in plays():
        if play["name"] != JUDGES:
            assert play.get("check_mode") is True, play["name"]
            assert play["vars"] == {"drift_compares": True}, play["name"]


def test_no_task_that_is_compared_leaves_check_mode() -> None:
    for role, phase in parts():
        path = ROLES / role / "tasks" / f"{phase}.yml"
        assert "check_mode: false" not in path.read_text(encoding="utf-8"), path


def test_every_role_is_compared_by_all_its_phases_that_declare() -> None:
    for path in ROLES.glob("*/tasks"):
        role = path.parent.name
        if role == "ledger":
            continue  # it is on no host of the estate
        declares = {phase for phase in ("configure", "run") if (path / f"{phase}.yml").is_file()}
        compared = {phase for name, phase in parts() if name == role}
        # Certificates are compared by the look that says what is due; without its work there is nothing to configure.
        assert compared == ({"survey"} if role == "certificates" else declares), role


def test_what_is_judged_is_registered_or_set_under_its_name() -> None:
    said = [path.read_text(encoding="utf-8") for path in (PLAYBOOK.parent / "tasks").glob("*.yml")]
    said += [path.read_text(encoding="utf-8") for path in (PLAYBOOK, *ROLES.glob("*/tasks/*.yml"))]
    text = "\n".join(said)
    known = {*re.findall(r"register: (\w+)$", text, re.MULTILINE), *re.findall(r"^ +(\w+): ", text, re.MULTILINE)}
    assert set(NAMES) - known == set()
