# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The example in inventories/governance is one that could be used, and says what it seems to say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import yaml
from ansible_collections.erpops.estate.plugins.module_utils.governance.laid_down import read
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.calendar import Opening, opening
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.requests import target
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.situation import Governance
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.words import KINDS, NONE, Part, Target

from tests.conftest import REPOSITORY

EXAMPLE = REPOSITORY / "inventories" / "governance"
FILES = {str(path.relative_to(EXAMPLE)): path.read_bytes() for path in EXAMPLE.rglob("*") if path.is_file()}
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture(scope="module")
def governance() -> Governance:
    found, faults = read(FILES, datetime(2026, 11, 2, tzinfo=UTC))
    assert [str(fault) for fault in faults] == []
    assert found
    return found


def test_its_instances_are_those_of_the_example_beside_it(governance: Governance) -> None:
    instances = EXAMPLE.parent / "example-multi-tenant" / "group_vars" / "all" / "instances.yml"
    listed = yaml.safe_load(instances.read_text(encoding="utf-8"))["estate_instances"]
    assert set(governance.policy.instances) == {item["name"] for item in listed}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("environment", ["production", "staging", "qa", "development"])
def test_it_has_a_rule_for_everything(governance: Governance, environment: str, kind: str) -> None:
    assert governance.policy.needs(Target(environment, kind))[1] == []


def opened(found: Governance, local: str, kind: str, *parts: Part, environment: str = "production") -> Opening:
    now = datetime.fromisoformat(local).replace(tzinfo=BERLIN)
    asked = Target(environment, kind, parts or (Part("harbor", "main", NONE),))
    return opening(found.calendars, asked, now=now, needed_seconds=3600)


@pytest.mark.parametrize(
    ("local", "kind", "open_now"),
    [
        ("2026-11-10T22:00", "patch", True),
        ("2026-11-11T02:59", "patch", True),
        ("2026-11-11T03:01", "patch", False),
        ("2026-11-10T21:59", "patch", False),
        ("2026-11-11T22:00", "patch", False),
        ("2026-11-24T22:00", "patch", True),  # black week is no matter of patches
        ("2026-12-01T22:00", "patch", False),  # the month-end close is
        ("2026-12-22T22:00", "patch", False),
        ("2026-11-12T20:30", "release-core", True),
        ("2026-11-19T20:30", "release-core", False),
        ("2026-11-26T20:30", "release-core", False),
        ("2026-12-10T20:30", "release-core", True),
        ("2026-12-17T20:30", "release-core", True),  # for Christmas
        ("2026-12-24T20:30", "release-core", False),
        ("2026-11-14T00:00", "migration", True),
        ("2026-11-15T22:59", "migration", True),
        ("2026-11-15T23:01", "migration", False),
        ("2026-11-30T00:00", "emergency", False),
    ],
)
def test_when_what_may_run(governance: Governance, local: str, kind: str, open_now: bool) -> None:
    assert (not opened(governance, local, kind).objections) is open_now


@pytest.mark.parametrize(
    ("local", "sites", "open_now"),
    [
        ("2026-11-07T21:00", ("north",), True),
        ("2026-11-07T21:00", ("west",), True),
        ("2026-11-07T20:59", ("west",), False),
        ("2026-11-07T21:00", ("north", "west"), True),
        ("2026-11-08T03:30", ("west",), True),
        ("2026-11-08T03:30", ("north", "west"), False),
        # America puts its clocks forward on 14 March, Europe two weeks later.
        ("2027-03-20T20:00", ("west",), True),
        ("2027-03-20T20:00", ("north", "west"), False),
        ("2027-04-10T20:00", ("west",), False),
    ],
)
def test_warehouses_have_windows_of_their_own(
    governance: Governance, local: str, sites: tuple[str, ...], open_now: bool
) -> None:
    parts = [Part("lakeland", "main", site, "application") for site in sites]
    found = opened(governance, local, "release-warehouse", *parts)
    assert (not found.objections) is open_now, found.objections


def test_a_site_nobody_named_may_be_meant(governance: Governance) -> None:
    assert not opened(governance, "2026-11-11T02:59", "patch", Part("harbor", "main", NONE)).objections
    assert opened(governance, "2026-11-11T02:59", "patch", Part("harbor", "main")).objections


def test_a_receiving_peak_ends_a_patch_night(governance: Governance) -> None:
    change = governance.changes["CHG-2026-0042"]
    parts = target(change, governance.policy).parts
    found = opened(governance, "2026-12-08T22:00", "patch", *parts)
    assert not found.objections
    assert found.closes == datetime(2026, 12, 9, 3, tzinfo=BERLIN)


def test_the_next_opening_is_found_over_freezes(governance: Governance) -> None:
    found = opened(governance, "2026-11-26T12:00", "release-core")
    assert found.freezes == ("freeze: freeze 'Black week' (calendars/sales.ics:6) is on until 2026-11-30 23:00 UTC",)
    assert found.next == datetime(2026, 12, 10, 20, tzinfo=BERLIN)


def test_every_change_of_it_can_run_some_day(governance: Governance) -> None:
    for change in governance.changes.values():
        needed, objections = governance.policy.needs(target(change, governance.policy))
        assert not objections
        assert needed.approvals
        found = opening(
            governance.calendars,
            target(change, governance.policy),
            now=datetime(2026, 11, 2, tzinfo=UTC),
            needed_seconds=2 * 3600,
        )
        assert found.next
        assert found.next < datetime(2026, 11, 2, tzinfo=UTC) + timedelta(days=20)
