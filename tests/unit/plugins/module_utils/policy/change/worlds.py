# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A company with a policy, and a run that the gate lets through: tests alter one thing and look at the answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients.marked_yaml import load
from ansible_collections.erpops.estate.plugins.module_utils.policy.change import schemas
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.approvals import Approval
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.calendar import Calendars, Event
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.document import Document
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.people import People
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.plan import Plan, Step
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.requests import Change, target
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.rules import Policy, policy
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.situation import (
    Evidence,
    Governance,
    Launcher,
    Recorder,
    Run,
)

NOW = datetime(2026, 3, 10, 23, 0, tzinfo=UTC)
SECOND = int(NOW.timestamp())
HOUR = 3600
KNOWN = (SECOND - 1000 * HOUR, SECOND + 1000 * HOUR)
COMMIT = "c" * 40

POLICY = """version: 1
rings: [pilot, main]
sites: [north, south]
tiers:
  critical: {rpo_minutes: 5, rto_minutes: 60}
  standard: {rpo_minutes: 60, rto_minutes: 240}
instances:
  lakeland: {tier: critical, ring: main, sites: [north]}
  harbor: {tier: standard, ring: pilot}
rules:
  - for: {environments: [production], kinds: [patch, release-core], tiers: [critical]}
    window: true
    margin_minutes: 30
    approvals:
      - {role: release-manager, at_least: 1}
      - {role: business-owner, at_least: 2}
    launchers: [engineer]
    evidence:
      - {kind: backup, max_age_hours: 24}
    not_beside: [migration]
  - for: {environments: [production], kinds: [patch, release-core], tiers: [standard]}
    window: true
    approvals:
      - {role: release-manager, at_least: 1}
  - for: {environments: [production], kinds: [migration, drill]}
    window: false
    not_beside: [drill]
  - for: {environments: [development]}
    window: false
break_glass:
  - environments: [production]
    roles: [commander]
    skips: [window, approvals]
    review_roles: [release-manager]
    review_within_hours: 72
"""

PEOPLE = People(
    {
        "ada": frozenset({"release-manager"}),
        "ben": frozenset({"business-owner"}),
        "cyd": frozenset({"business-owner", "release-manager"}),
        "dan": frozenset({"business-owner"}),
        "eve": frozenset({"engineer"}),
        "flo": frozenset({"commander"}),
        "gus": frozenset({"engineer", "business-owner", "release-manager"}),
    }
)
CHANGE = Change(
    "CHG-1", "changes/CHG-1.yml:1", "Kernel", "patch", "production", ("lakeland",), "gus", "boot the old one"
)
WINDOW = Event("window", "Tuesday", "calendars/w.ics:4", ((SECOND - HOUR, SECOND + 3 * HOUR),))
PLAN_STEPS = (Step("drain", ("node1",), ("lakeland",), seconds=600), Step("restart", ("node1",), seconds=1200))


def document(text: str = POLICY) -> Document:
    found, faults = load("policy.yml", text.encode(), schemas.POLICY)
    assert found, [str(fault) for fault in faults]
    return found


def laid(text: str = POLICY) -> Policy:
    found, faults = policy(document(text))
    assert not faults, [str(fault) for fault in faults]
    return found


RULES = laid()


def governance(*events: Event, **more: Any) -> Governance:
    calendars = Calendars(events or (WINDOW,), KNOWN)
    said: dict[str, Any] = {"changes": {CHANGE.id: CHANGE}, "grounds": {CHANGE.id: COMMIT}, **more}
    return Governance("f" * 40, said.pop("policy", RULES), PEOPLE, calendars, **said)


def plan(of: Change = CHANGE, **more: Any) -> Plan:
    made = Plan(
        change=of.id,
        playbook="rolling_restart",
        estate="shared",
        target=target(of, RULES),
        commit=COMMIT,
        steps=PLAN_STEPS,
        rollback=of.rollback,
        rollback_seconds=1800,
    )
    return replace(made, **more)


def approval(person: str, of: Plan, **more: Any) -> Approval:
    made = Approval(
        person, of.digest, of.change, of.estate, of.target.environment, NOW - timedelta(days=2), NOW + timedelta(days=1)
    )
    return replace(made, **more)


def backup(taken: datetime = NOW - timedelta(hours=3), **more: Any) -> Evidence:
    """Return a sound backup, with WAL up to two minutes ago."""
    return Evidence("backup", taken, **{"ok": True, "recovery_point": NOW - timedelta(minutes=2), **more})


def run(of: Plan | None = None, persons: str = "ada ben dan", **more: Any) -> Run:
    of, now = of or plan(), more.get("now", NOW)
    said: dict[str, Any] = {
        "approvals": tuple(approval(person, of) for person in persons.split()),
        "evidence": (backup(reference="backup 20260310", recovery_point=now - timedelta(minutes=2)),),
        "recorder": Recorder(loaded=True),
        "clocks": {"node1": 0.0},
        **more,
    }
    return Run(
        of, said.pop("now", NOW), said.pop("launcher", Launcher("eve", "signature")), owner="eve@bastion", **said
    )
