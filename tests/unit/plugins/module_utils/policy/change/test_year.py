# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A year of calendars, and a hundred policies, each against a second opinion that is simpler."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.calendar import opening
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.gate import verdict
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.situation import Evidence
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.words import Part, Target

from tests.unit.plugins.module_utils.calendars import YEAR, calendar, calendars, event
from tests.unit.plugins.module_utils.policy.change.worlds import NOW, POLICY, governance, laid, run

TARGET = Target("production", "patch", (Part("lakeland", "main", "north", "application"),))
HOURS = [datetime.fromtimestamp(second, UTC) for second in range(*YEAR, 3600)]
# Every hour where clocks change and months end, every fifth of the others: in time, each hour of the day.
MOMENTS = [
    now for index, now in enumerate(HOURS) if index % 5 == 0 or (now.month in (3, 4, 10, 11) and now.day % 24 < 10)
]


def nightly(local: datetime) -> bool:
    return local.hour >= 22 or local.hour < 6


def close_of_month(local: datetime) -> bool:
    """From the last day of a month to the end of the third day of the next."""
    return (local + timedelta(days=1)).day == 1 or local.day <= 3


def second_saturday(local: datetime) -> bool:
    return local.weekday() == 5 and 8 <= local.day <= 14


@pytest.mark.parametrize(
    ("zones", "rules", "frozen", "open_at"),
    [
        pytest.param(
            ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe"),
            (("20251231T220000", "DTEND", "20260101T060000", "RRULE:FREQ=DAILY"),),
            (),
            nightly,
            id="every night, over midnight, the month's end and both changes of the clocks",
        ),
        pytest.param(
            ("Europe/Berlin", "Asia/Kolkata"),
            (("20251231T000000", "DTEND", "20260101T000000", "RRULE:FREQ=DAILY"),),
            (("20251231", "20260104", "RRULE:FREQ=MONTHLY;BYMONTHDAY=-1"),),
            lambda local: not close_of_month(local),
            id="always but for the close of each month",
        ),
        pytest.param(
            ("America/New_York", "UTC"),
            (
                ("20260110T000000", "DTEND", "20260111T000000", "RRULE:FREQ=MONTHLY;BYDAY=2SA"),
                ("20260110T120000", "DTEND", "20260111T000000", "RRULE:FREQ=MONTHLY;BYDAY=2SA"),
            ),
            (("20260613", "20260614", ""),),
            lambda local: second_saturday(local) and (local.month, local.day) != (6, 13),
            id="two windows over each other every second Saturday, and a day that is frozen",
        ),
    ],
)
def test_every_day_of_a_year(
    zones: tuple[str, ...],
    rules: tuple[tuple[str, ...], ...],
    frozen: tuple[tuple[str, ...], ...],
    open_at: Callable[[datetime], bool],
) -> None:
    for zone in zones:
        windows = [
            event(
                f"DTSTART;TZID={zone}:{start}", f"{key};TZID={zone}:{end}", rule, uid=f"w{index}", categories="WINDOW"
            )
            for index, (start, key, end, rule) in enumerate(rules)
        ]
        freezes = [
            event(f"DTSTART;VALUE=DATE:{start}", f"DTEND;VALUE=DATE:{end}", *([rule] if rule else []), uid=f"f{index}")
            for index, (start, end, rule) in enumerate(frozen)
        ]
        found = calendars(calendar(*windows), calendar(*freezes, zone=zone))
        here = ZoneInfo(zone)
        wrong = [
            now
            for now in MOMENTS
            if (not opening(found, TARGET, now=now, needed_seconds=0).objections) is not open_at(now.astimezone(here))
        ]
        assert not wrong, (zone, wrong[:5])


@pytest.mark.parametrize("environment", ["production", "staging"])
def test_a_hundred_policies(environment: str) -> None:
    """Each asks for something else; what a run has is the same, so each answer can be told beforehand."""
    seen = 0
    head, tail = POLICY[: POLICY.index("rules:")], POLICY[POLICY.index("break_glass:") :]
    for window, margin, managers, owners, age in product(("true", "false"), (0, 151), (0, 1, 2), (0, 2, 3), (1, 4, 24)):
        approvals = [f"{{role: release-manager, at_least: {managers}}}"] if managers else []
        approvals += [f"{{role: business-owner, at_least: {owners}}}"] if owners else []
        rule = f"""rules:
  - for: {{environments: [{environment}]}}
    window: {window}
    margin_minutes: {margin}
    approvals: [{", ".join(approvals)}]
    evidence: [{{kind: backup, max_age_hours: {age}}}]
"""
        answer = verdict(governance(policy=laid(head + rule + tail)), run())
        expected = (
            environment == "production"
            and (window == "false" or margin == 0)
            and managers <= 1
            and owners <= 2
            and age >= 3
        )
        assert answer.ok is expected, (rule, answer.reasons)
        seen += 1
    assert seen == 108


def test_evidence_nobody_produces_is_missing() -> None:
    found = verdict(
        governance(policy=laid(POLICY.replace("kind: backup", "kind: scan"))),
        run(evidence=(Evidence("backup", NOW, ok=True), Evidence("scanned", NOW, ok=True))),
    )
    assert found.reasons == ("evidence: expected scan no older than 24 h of lakeland, found none",)
