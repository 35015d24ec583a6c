"""The lab as a governed estate: a signed repository beside its inventory, people's keys, a ledger of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.controller.governed import Governed, event
from tests.estate import site

CHANGE, DRILL, NEXT = "CHG-2026-0101", "CHG-2026-0102", "CHG-2026-0103"
NOTHING = """version: 1
tiers: {standard: {rpo_minutes: 60, rto_minutes: 240}}
instances:
  north: {tier: standard}
  south: {tier: standard}
rules: %s
"""
APPROVED = """
  - for: {environments: [development]}
    window: true
    approvals: [{role: manager, at_least: 1}]
    evidence: [{kind: backup, max_age_hours: 48}]
    not_beside: [infrastructure]
"""
ASKED = """version: 1
id: %s
title: Tried on the lab
reason: Somebody has to.
kind: %s
environment: development
scope: {instances: [north, south]}
requester: flo
risk: low
rollback: Nothing of it lasts.
"""


class GovernedLab(Governed):
    """What governs the lab lies in a directory, and goes to its playbooks by one more inventory."""

    def __init__(self, path: Path, patch: pytest.MonkeyPatch, *, rules: str = "[]", effect: str = "freeze") -> None:
        kinds = {CHANGE: "infrastructure", DRILL: "drill", NEXT: "infrastructure"}
        laid = {f"changes/{name}.yml": ASKED % (name, kind) for name, kind in kinds.items()}
        # The one that stands there without being asked is of production, and nobody's business here.
        laid |= {"changes/CHG-2026-0042.yml": ASKED % ("CHG-2026-0042", "patch")}
        super().__init__(path, **laid, **{"policy.yml": NOTHING % rules, "calendars/now.ics": event("now", effect, 6)})
        (path / "beside" / "group_vars").mkdir(parents=True)
        (path / "beside" / "hosts.yml").write_text("all: {}\n")
        said = {"estate_governance": self.places()}
        (path / "beside" / "group_vars" / "all.yml").write_text(yaml.safe_dump(said))
        patch.setenv("ANSIBLE_CALLBACKS_ENABLED", "erpops.estate.ledger")
        patch.setenv("ERPOPS_LEDGER", str(path / "ledger.json"))

    def act(self, playbook: str, called: Mapping[str, Any], *more: str, check: bool = True) -> site.Run:
        """Run a playbook of the collection against the lab."""
        said = ("-i", str(self.path / "beside"), "-e", json.dumps(called))
        return site.run(*said, *more, check=check, playbook=f"erpops.estate.{playbook}")
