# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be done so that a cluster is backed up, and for how long it has to be kept from everybody."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.backup import (
    Kept,
    Step,
    go_here,
    lock_days,
    missing_lock_days,
    needed_lock_days,
    passphrase_changes,
    steps,
)


@pytest.mark.parametrize(
    ("exists", "has_full", "reconfigured", "expected"),
    [
        pytest.param(False, False, True, (Step.STANZA, Step.CHECK, Step.FULL), id="first run"),
        pytest.param(False, False, False, (Step.STANZA, Step.CHECK, Step.FULL), id="interrupted after the files"),
        pytest.param(True, False, False, (Step.FULL,), id="interrupted before the backup"),
        pytest.param(True, True, True, (Step.CHECK,), id="other keys"),
        pytest.param(True, True, False, (), id="as it should be: not even a check, which switches WAL"),
    ],
)
def test_steps(exists: bool, has_full: bool, reconfigured: bool, expected: tuple[Step, ...]) -> None:
    assert steps(exists=exists, has_full=has_full, reconfigured=reconfigured) == expected


@pytest.mark.parametrize(
    ("fulls", "calendar", "days"),
    [
        pytest.param(4, "Sun *-*-* 01:00:00", 35, id="four weeks, and one in which it failed"),
        pytest.param(1, "Sun *-*-* 01:00:00", 14, id="the only one is kept until the next is complete"),
        pytest.param(4, "Wed,Sun 01:00", 20, id="the longer of the two gaps counts"),
        pytest.param(7, "daily", 8, id="a week of days"),
        pytest.param(12, "*-*-01 02:00", 403, id="a year of the longest months"),
        pytest.param(4, "*-*-1/14 03:00", None, id="nobody can tell"),
    ],
)
def test_a_lock_covers_every_backup_that_is_kept(fulls: int, calendar: str, days: int | None) -> None:
    assert needed_lock_days(fulls, calendar) == days


CONFIGURED = """[global]
repo1-path=/pgbackrest
repo1-s3-bucket=backups
repo1-s3-endpoint=192.0.2.21
repo1-s3-key=one
repo1-cipher-pass=old=er
"""


@pytest.mark.parametrize(
    ("before", "replaced", "changes"),
    [
        pytest.param(CONFIGURED, {}, False, id="as it is"),
        pytest.param("", {}, False, id="the first"),
        pytest.param(CONFIGURED, {"s3-key=one": "s3-key=two"}, False, id="other keys"),
        pytest.param(CONFIGURED, {"old=er": "old=est"}, True, id="another passphrase"),
        pytest.param(CONFIGURED, {"repo1-cipher-pass=old=er\n": ""}, True, id="none any more"),
        pytest.param(CONFIGURED, {"old=er": "new", "=backups": "=others"}, False, id="another bucket and its own"),
        pytest.param(CONFIGURED, {"old=er": "new", ".21": ".22"}, False, id="another store and its own"),
        pytest.param(CONFIGURED.replace("cipher-pass", "lost"), {"lost": "cipher-pass"}, False, id="lost by hand"),
    ],
)
def test_when_a_repository_would_get_another_passphrase(before: str, replaced: dict[str, str], changes: bool) -> None:
    after = before or CONFIGURED
    for old, new in replaced.items():
        assert old in after
        after = after.replace(old, new)
    assert passphrase_changes(before, after) is changes


HERE = {"weekly": Kept(4, "weekly", True), "daily": Kept(4, "daily", True), "untold": Kept(4, "*-*-1/14 03:00", True)}


@pytest.mark.parametrize(
    ("given", "kept", "days"),
    [
        pytest.param(0, HERE["weekly"], 35, id="as it needs it"),
        pytest.param(0, HERE["daily"], 14, id="two weeks, however near the dates are"),
        pytest.param(0, HERE["untold"], None, id="nobody can tell"),
        pytest.param(90, HERE["weekly"], 90, id="longer as given"),
        pytest.param(5, HERE["daily"], 5, id="lower as given"),
        pytest.param(90, HERE["untold"], 90, id="given, since nobody can tell"),
        pytest.param(0, replace(HERE["untold"], here=False), 14, id="nobody can tell, and nothing goes there"),
        pytest.param(0, replace(HERE["weekly"], here=False), 35, id="as if it went there"),
    ],
)
def test_a_lock_is_as_given_or_what_is_needed_and_never_a_few_days(given: int, kept: Kept, days: int | None) -> None:
    assert lock_days(given, kept) == days


@pytest.mark.parametrize(
    ("given", "kept", "missing"),
    [
        pytest.param(34, HERE["weekly"], 35, id="too few"),
        pytest.param(35, HERE["weekly"], 0, id="as many"),
        pytest.param(0, HERE["weekly"], 0, id="they follow"),
        pytest.param(1, HERE["untold"], 0, id="nobody can tell"),
        pytest.param(1, replace(HERE["weekly"], here=False), 0, id="nothing goes there"),
    ],
)
def test_days_that_do_not_cover_what_is_kept(given: int, kept: Kept, missing: int) -> None:
    assert missing_lock_days(given, kept) == missing


@pytest.mark.parametrize(
    ("archived", "address", "here"),
    [(True, "", True), (True, "10.0.0.4", True), (True, "s3.example.com", False), (False, "", False)],
)
def test_backups_go_to_our_own_store_unless_they_are_sent_elsewhere(archived: bool, address: str, here: bool) -> None:
    assert go_here(archived=archived, address=address, own=["10.0.0.4"]) is here
