# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps from a bucket as it is to the bucket it should be."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.bucket import (
    Bucket,
    Retention,
    Step,
    objections,
    plan,
    steps,
)

WEEK = Retention("COMPLIANCE", 7)
PLAIN = Bucket("b")
VERSIONED = Bucket("b", versioning=True)
LOCKABLE = Bucket("b", versioning=True, object_lock=True)
LOCKED = Bucket("b", versioning=True, object_lock=True, retention=WEEK)


@pytest.mark.parametrize(
    ("wanted", "found", "expected"),
    [
        pytest.param(PLAIN, None, (Step.CREATE,), id="plain, missing"),
        pytest.param(VERSIONED, None, (Step.CREATE, Step.VERSIONING), id="versioned, missing"),
        pytest.param(LOCKABLE, None, (Step.CREATE,), id="a lock at creation brings versions"),
        pytest.param(LOCKED, None, (Step.CREATE, Step.RETENTION), id="locked, missing"),
        pytest.param(LOCKED, LOCKED, (), id="as it should be"),
        pytest.param(LOCKED, LOCKABLE, (Step.RETENTION,), id="interrupted before its retention"),
        pytest.param(VERSIONED, PLAIN, (Step.VERSIONING,), id="interrupted before its versions"),
        pytest.param(PLAIN, VERSIONED, (Step.VERSIONING,), id="versions suspended"),
        pytest.param(
            LOCKED, Bucket("b", True, True, Retention("COMPLIANCE", 1)), (Step.RETENTION,), id="other retention"
        ),
        pytest.param(LOCKABLE, LOCKED, (Step.RETENTION,), id="retention taken away"),
    ],
)
def test_steps(wanted: Bucket, found: Bucket | None, expected: tuple[Step, ...]) -> None:
    assert steps(wanted, found) == expected


@pytest.mark.parametrize(
    ("wanted", "found", "complaint"),
    [
        pytest.param(LOCKED, None, "", id="missing"),
        pytest.param(LOCKED, LOCKED, "", id="as it should be"),
        pytest.param(LOCKED, VERSIONED, "expected object lock, found a bucket without", id="made without lock"),
        pytest.param(PLAIN, LOCKED, "expected no versioning, found object lock", id="versions of a lock"),
    ],
)
def test_objections(wanted: Bucket, found: Bucket | None, complaint: str) -> None:
    said = "; ".join(objections("b", wanted, found))
    assert bool(said) is bool(complaint)
    assert complaint in said


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        pytest.param({}, VERSIONED, id="versioned by default"),
        pytest.param({"versioning": False}, PLAIN, id="plain"),
        pytest.param({"versioning": False, "object_lock": True}, LOCKABLE, id="a lock needs versions"),
        pytest.param({"retention_mode": "COMPLIANCE", "retention_days": 7}, LOCKED, id="a retention needs a lock"),
    ],
)
def test_from_params(params: dict[str, Any], expected: Bucket) -> None:
    defaults = {
        "name": "b",
        "versioning": True,
        "object_lock": False,
        "retention_mode": None,
        "retention_days": None,
        "retention_at_least": False,
    }
    assert Bucket.from_params(defaults | params) == expected


@pytest.mark.parametrize(
    ("at_least", "found", "days"),
    [
        pytest.param(True, Bucket("b", True, True, Retention("COMPLIANCE", 30)), 30, id="longer is kept"),
        pytest.param(True, Bucket("b", True, True, Retention("GOVERNANCE", 30)), 30, id="longer in the other mode"),
        pytest.param(True, Bucket("b", True, True, Retention("COMPLIANCE", 1)), 7, id="shorter is raised"),
        pytest.param(True, LOCKABLE, 7, id="interrupted before its retention"),
        pytest.param(True, None, 7, id="missing"),
        pytest.param(False, Bucket("b", True, True, Retention("COMPLIANCE", 30)), 7, id="exactly so many"),
    ],
)
def test_a_lock_of_at_least_so_many_days_lowers_none(at_least: bool, found: Bucket | None, days: int) -> None:
    params = {
        "name": "b",
        "versioning": True,
        "object_lock": True,
        "retention_mode": "COMPLIANCE",
        "retention_days": 7,
        "retention_at_least": at_least,
    }
    assert Bucket.from_params(params, found).retention == Retention("COMPLIANCE", days)


FILES = Bucket("files", versioning=True)


def test_what_is_missing_is_made_bucket_by_bucket() -> None:
    assert plan([LOCKED, FILES], {"b": None, "files": None}) == [
        (Step.CREATE, LOCKED),
        (Step.RETENTION, LOCKED),
        (Step.CREATE, FILES),
        (Step.VERSIONING, FILES),
    ]
    assert plan([LOCKED, FILES], {"b": LOCKED, "files": FILES}) == []


def test_one_bucket_that_cannot_be_mended_stops_all() -> None:
    with pytest.raises(ValueError, match="bucket b: expected object lock, found a bucket without"):
        plan([FILES, LOCKED], {"files": None, "b": VERSIONED})
