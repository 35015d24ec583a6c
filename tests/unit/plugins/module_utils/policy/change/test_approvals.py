# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.change import approvals
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.approvals import Asked, Tally, tally

from tests.unit.plugins.module_utils.policy.change.worlds import NOW, PEOPLE, approval, plan

PLAN = plan()
ASKED = Asked(PLAN.digest, PLAN.change, PLAN.estate, "production", requester="gus", launcher="eve")
OTHER = "sha256:" + "1" * 64


def counted(*given: approvals.Approval, **needed: int) -> Tally:
    roles = {role.replace("_", "-"): count for role, count in needed.items()}
    return tally(given, ASKED, roles, PEOPLE, NOW)


def by(names: str, **more: Any) -> list[approvals.Approval]:
    return [approval(name, PLAN, **more) for name in names.split()]


@pytest.mark.parametrize(
    ("names", "needed", "missing"),
    [
        ("ada", {"release_manager": 1}, []),
        ("", {}, []),
        ("", {"release_manager": 1}, ["approvals: expected 1 by release-manager, found none"]),
        ("ben", {"release_manager": 1}, ["approvals: expected 1 by release-manager, found none"]),
        ("ben dan", {"business_owner": 2}, []),
        ("ben ben", {"business_owner": 2}, ["approvals: expected 2 by business-owner, found 1"]),
        # cyd has both roles and counts for one; which, is chosen so that it suffices.
        ("cyd", {"release_manager": 1, "business_owner": 1}, ["approvals: expected 1 by release-manager, found none"]),
        ("cyd ben", {"release_manager": 1, "business_owner": 1}, []),
        ("cyd ada", {"release_manager": 1, "business_owner": 1}, []),
        ("ada ben cyd", {"release_manager": 1, "business_owner": 2}, []),
        ("ben dan cyd", {"release_manager": 1, "business_owner": 2}, []),
        ("gus", {"release_manager": 1}, ["approvals: expected 1 by release-manager, found none"]),
        ("eve", {"engineer": 1}, ["approvals: expected 1 by engineer, found none"]),
    ],
)
def test_so_many_of_a_role_each_person_once(names: str, needed: dict[str, int], missing: list[str]) -> None:
    assert list(counted(*by(names), **needed).missing) == missing


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"plan": OTHER}, f"it is for plan {OTHER}, and this is {PLAN.digest}"),
        ({"change": "CHG-2"}, "it is for change CHG-2, and this is CHG-1"),
        ({"estate": "other"}, "it is for estate other, and this is shared"),
        ({"environment": "staging"}, "it is for environment staging, and this is production"),
        ({"expires": NOW}, "it expired at 2026-03-10T23:00:00+00:00"),
        ({"given": NOW + timedelta(minutes=1)}, "it was given at 2026-03-10T23:01:00+00:00, which is still to come"),
        ({"fault": "altered"}, "altered"),
        ({"person": "zoe"}, "nobody knows that person"),
        ({"person": "gus"}, "who requests a change cannot approve it"),
        ({"person": "eve"}, "who launches a run cannot approve it"),
    ],
)
def test_what_does_not_count_is_refused_with_the_reason(more: dict[str, Any], why: str) -> None:
    person = more.get("person", "ada")
    found = counted(replace(approval("ada", PLAN), **more), release_manager=1)
    assert (found.counted, found.refused) == ({}, (f"approvals: the one of {person} does not count: {why}",))


def test_who_withdraws_has_not_approved_until_he_does_again() -> None:
    first = approval("ada", PLAN)
    withdrawn = replace(first, decision="withdraw", given=NOW - timedelta(hours=2))
    again = replace(first, given=NOW - timedelta(hours=1))
    assert counted(first, release_manager=1).counted
    assert counted(first, withdrawn, release_manager=1).refused == (
        "approvals: the one of ada does not count: it was withdrawn",
    )
    assert counted(first, withdrawn, again, release_manager=1).counted
    others: list[dict[str, Any]] = [{"person": "ben"}, {"plan": OTHER}, {"plan": OTHER, "fault": "forged"}]
    for other in others:
        assert counted(first, replace(withdrawn, **other), release_manager=1).counted


@pytest.mark.parametrize("given", [NOW - timedelta(days=9), NOW - timedelta(hours=2), NOW + timedelta(hours=2)])
def test_a_withdrawal_that_cannot_be_believed_stops_that_approval_until_somebody_has_looked(given: datetime) -> None:
    first = approval("ada", PLAN)
    doubted = replace(first, decision="withdraw", given=given, where="w.json", fault="w.json.sig is missing")
    found = counted(first, approval("cyd", PLAN), doubted, release_manager=1)
    said = "it may be withdrawn by w.json, which cannot be believed: w.json.sig is missing"
    assert found.refused == (f"approvals: the one of ada does not count: {said}",)
    assert found.counted == {"cyd": "release-manager"}


def test_a_document_comes_back_as_it_was() -> None:
    one = approval("ada", PLAN)
    assert approvals.approval(one.document()) == one
    assert approvals.as_dict(one)["plan"] == PLAN.digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"approve", b"perhaps"),
        (b'"person":"ada"', b'"person":5'),
        (b'"person":"ada"', b'"person":"ada","more":"x"'),
        (b'"person":"ada",', b""),
        (b"approval/1", b"approval/2"),
        (b"+00:00", b""),
        (b"2026", b"last"),
        (b'"person":"ada"', b'"person": "ada"'),
        (b"{", b"["),
        (b"}", b"}\n"),
        (b"{", b"[" * 100000),
        (b"ada", b"\xff"),
    ],
)
def test_what_is_no_approval(old: bytes, new: bytes) -> None:
    with pytest.raises(ValueError, match="somewhere: expected"):
        approvals.approval(approval("ada", PLAN).document().replace(old, new), "somewhere")
