# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy import leases
from ansible_collections.erpops.estate.plugins.module_utils.policy.leases import Step

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def lease(minutes: float = 60, now: datetime = NOON, **more: Any) -> leases.Lease:
    said = {"owner": "ada@bastion", "reason": "switches are replaced", **more}
    return leases.wanted("patroni_pause", "lab", minutes=minutes, now=now, **said)


def after(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def test_a_lease_says_whose_it_is_why_and_until_when() -> None:
    assert (
        str(lease()) == "patroni_pause lab, held by ada@bastion (switches are replaced) until 2026-11-23 13:00:00 UTC"
    )


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"owner": " "}, "owner: expected to be said"),
        ({"reason": ""}, "reason: expected to be said"),
        ({"minutes": 0}, "minutes: expected 1 to 1440, found 0"),
        ({"minutes": 1441}, "minutes: expected 1 to 1440, found 1441"),
    ],
)
def test_what_cannot_be_a_lease(more: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        lease(**more)


@pytest.mark.parametrize("name", ["", "a/b", "../x", "a b", "-a", "x" * 129])
def test_names_are_parts_of_a_key(name: str) -> None:
    with pytest.raises(ValueError, match="expected letters, digits"):
        leases.wanted("drain", name, owner="ada", reason="why", minutes=1, now=NOON)


@pytest.mark.parametrize(
    ("current", "asked", "step", "objection"),
    [
        pytest.param(None, lease(), Step.TAKE, "", id="free"),
        pytest.param(lease(), lease(now=after(1)), Step.KEEP, "", id="mine, fresh"),
        pytest.param(lease(), lease(now=after(30)), Step.KEEP, "", id="mine, half of it left"),
        pytest.param(lease(), lease(now=after(31)), Step.RENEW, "", id="mine, less than half left"),
        pytest.param(lease(), lease(10, now=after(1)), Step.RENEW, "", id="mine, asked for less"),
        pytest.param(lease(), lease(reason="other"), Step.RENEW, "", id="mine, another reason"),
        pytest.param(lease(), lease(owner="bob"), None, "held by ada@bastion", id="somebody else's"),
        pytest.param(lease(), lease(owner="bob", now=after(60)), Step.TAKE_OVER, "", id="somebody else's, expired"),
        pytest.param(lease(), lease(now=after(90)), Step.TAKE_OVER, "", id="mine, expired"),
        pytest.param(
            lease(ending=after(60)), lease(now=after(61)), None, "is being taken back", id="expired, being ended"
        ),
        pytest.param(
            lease(ending=after(60)), lease(now=after(63)), Step.TAKE_OVER, "", id="expired, who ended it has died"
        ),
    ],
)
def test_taking(current: leases.Lease | None, asked: leases.Lease, step: Step | None, objection: str) -> None:
    decision = leases.take(current, asked)
    assert decision.step is step
    assert objection in decision.objection
    assert (decision.lease is None) is (step is None)


def test_what_was_before_the_first_lease_is_remembered_by_those_that_follow() -> None:
    first = lease(details={"active": [3, 7]})
    renewed = leases.take(first, lease(now=after(40), details={"active": []})).lease
    assert renewed
    assert (renewed.details, renewed.taken, renewed.expires) == ({"active": [3, 7]}, NOON, after(100))
    heir = leases.take(first, lease(owner="bob", now=after(70), details={"active": []})).lease
    assert heir
    assert (heir.owner, heir.details, heir.ending) == ("bob", {"active": [3, 7]}, None)


def test_of_what_a_state_is_part_whoever_takes_it_over_says_anew() -> None:
    first = lease(details={"active": [3], **leases.part_of("host_out", "node2")})
    heir = leases.take(first, lease(owner="bob", now=after(70))).lease
    other = leases.take(first, lease(owner="bob", now=after(70), details=leases.part_of("host_out", "node3"))).lease
    assert heir
    assert other
    assert (heir.details, other.details) == ({"active": [3]}, {"active": [3], "part_of": "host_out node3"})


def drain(name: str, details: dict[str, str]) -> leases.Lease:
    return leases.wanted("server_drain", name, owner="ada", reason="why", minutes=60, now=NOON, details=details)


OUT = leases.wanted("host_out", "node2", owner="ada", reason="why", minutes=60, now=NOON)
PART, OTHER = (
    drain("node1:b", leases.part_of("host_out", "node2")),
    drain("node3:c", leases.part_of("host_out", "node3")),
)
ALONE = drain("node1:a", {})


@pytest.mark.parametrize(
    ("standing", "left"),
    [
        pytest.param([], [], id="none"),
        pytest.param([ALONE], [], id="part of nothing"),
        pytest.param([OUT, PART], [], id="its host is out"),
        pytest.param([PART], [PART], id="its host is in again"),
        pytest.param([OUT, PART, OTHER, ALONE], [OTHER], id="another host is out"),
        pytest.param([replace(OUT, expires=NOON), PART], [], id="its host still has to be put back"),
    ],
)
def test_what_is_part_of_what_does_not_stand_any_more(standing: list[leases.Lease], left: list[leases.Lease]) -> None:
    assert leases.orphans(standing) == left


@pytest.mark.parametrize(
    ("owner", "now", "force", "may"),
    [
        ("ada@bastion", NOON, False, True),
        ("bob", NOON, False, False),
        ("bob", NOON, True, True),
        ("bob", after(60), False, True),
    ],
)
def test_who_may_end_it(owner: str, now: datetime, force: bool, may: bool) -> None:
    assert (leases.may_end(lease(), owner, now, force=force) == "") is may


def test_a_record_comes_back_as_it_was() -> None:
    full = lease(host="node1", details={"server": "north"}, ending=after(1))
    assert leases.load(leases.dump(full)) == full
    assert leases.load(leases.dump(lease())) == lease()
    assert leases.key("lab", "patroni_pause", "lab").startswith(leases.prefix("lab"))


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "null", leases.dump(lease()).replace("+00:00", ""), leases.dump(lease()).replace("2026", "last")],
)
def test_a_record_that_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        leases.load(text)


def test_what_is_left_of_it() -> None:
    shown = leases.seen(lease(), after(59))
    assert (shown["expired"], shown["seconds_left"], shown["owner"]) == (False, 60, "ada@bastion")
    shown = leases.seen(replace(lease(), host="node1"), after(61))
    assert (shown["expired"], shown["seconds_left"], shown["host"]) == (True, 0, "node1")


@pytest.mark.parametrize(
    ("ending", "now", "meant"),
    [
        (leases.Ending(), NOON, False),
        (leases.Ending(), after(60), True),
        (leases.Ending("ada@bastion"), NOON, True),
        (leases.Ending("bob"), NOON, False),
        (leases.Ending("ada@bastion", kind="drain"), NOON, False),
        (leases.Ending("ada@bastion", "patroni_pause", "lab"), NOON, True),
        (leases.Ending("bob", "patroni_pause", "lab", force=True), NOON, True),
        (leases.Ending("bob", "patroni_pause", "other", force=True), NOON, False),
    ],
)
def test_which_are_to_end(ending: leases.Ending, now: datetime, meant: bool) -> None:
    assert ending.meant(lease(), now) is meant
