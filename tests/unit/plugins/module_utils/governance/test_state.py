# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Conflict, Refused
from ansible_collections.erpops.estate.plugins.module_utils.clients.key_file import KeyFile
from ansible_collections.erpops.estate.plugins.module_utils.governance.state import ChangeState, Seen
from ansible_collections.erpops.estate.plugins.module_utils.leases.keeper import Keeper
from ansible_collections.erpops.estate.plugins.module_utils.leases.store import Keys as Place
from ansible_collections.erpops.estate.plugins.module_utils.leases.store import LeaseStore
from ansible_collections.erpops.estate.plugins.module_utils.policy.change import kept
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.kept import Governed
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.situation import Ran, Review

from tests.unit.plugins.module_utils.leases.keys import Keys
from tests.unit.plugins.module_utils.policy.change.worlds import NOW, plan

PLAN = plan(estate="lab")
OTHER = plan(estate="lab", change="CHG-2")
REVIEW = Review("CHG-1", (Ran("flo", "r1", "orders cannot be saved"),), NOW, NOW + timedelta(days=3), PLAN.digest)


@pytest.fixture(params=["etcd", "file"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return Keys() if request.param == "etcd" else KeyFile(str(tmp_path / "keys.json"))


def state(place: Place) -> ChangeState:
    return ChangeState(place, "lab", lambda: NOW)


def test_one_run_at_a_time_has_the_lock(place: Place) -> None:
    mine = kept.lock_wanted(PLAN, kept.owner_of("eve", "r1"), (), NOW)
    theirs = kept.lock_wanted(OTHER, kept.owner_of("eve", "r2"), (), NOW)
    assert state(place).lock(mine) == mine
    with pytest.raises(Conflict, match="found change_lock lab, held by eve, run r1"):
        state(place).lock(theirs)
    assert not state(place).unlock("r2")
    assert state(place).seen().lock == mine
    assert state(place).unlock("r1")
    assert state(place).seen() == Seen()
    assert state(place).lock(theirs) == theirs


def test_a_lock_that_has_ended_goes_to_the_next_with_nothing_of_the_last(place: Place) -> None:
    old = kept.lock_wanted(PLAN, kept.owner_of("eve", "r1"), (), NOW - timedelta(days=1))
    state(place).lock(old)
    mine = kept.lock_wanted(OTHER, kept.owner_of("ada", "r2"), (), NOW)
    assert state(place).lock(mine) == mine
    assert not state(place).unlock("r1")


def test_before_each_batch_the_lock_is_renewed(place: Place) -> None:
    first = kept.lock_wanted(PLAN, kept.owner_of("eve", "r1"), (), NOW - timedelta(hours=1))
    state(place).lock(first)
    again = kept.lock_wanted(PLAN, first.owner, (), NOW)
    assert state(place).lock(again).expires == again.expires > first.expires


def test_the_timer_of_a_host_ends_a_lock_that_was_left_behind() -> None:
    place = Keys()
    state(place).lock(kept.lock_wanted(PLAN, kept.owner_of("eve", "r1"), (), NOW - timedelta(days=1)))
    sweep = Keeper(LeaseStore(place, "lab", lambda: NOW), "node1").sweep()
    assert "change lock of CHG-1" in sweep.ended[0]
    assert state(place).seen().lock is None


def test_the_newest_commit_is_kept_where_nobody_was_faster(place: Place) -> None:
    seen = state(place).seen()
    state(place).govern(Governed("c1", "qa"), seen)
    later = state(place).seen()
    assert later.governed == Governed("c1", "qa")
    state(place).govern(Governed("c1", "qa"), later)
    assert state(place).seen().revision == later.revision, "what stands there already is not written"
    with pytest.raises(Conflict, match="ask again"):
        state(place).govern(Governed("c2", "qa"), seen)


def test_reviews_stay_until_they_are_closed(place: Place) -> None:
    state(place).open_review(REVIEW)
    (first,) = state(place).seen().reviews
    state(place).open_review(replace(REVIEW, opened=NOW + timedelta(minutes=5)))
    assert state(place).seen().reviews == (first,), "asked again before each batch it is the same review"
    assert first.review == REVIEW
    state(place).close([first, first])
    assert state(place).seen().reviews == ()


def test_a_review_of_two_runs_is_not_closed_with_what_was_seen_of_the_first(place: Place) -> None:
    state(place).open_review(REVIEW)
    (first,) = state(place).seen().reviews
    again = replace(REVIEW, ran=(Ran("eve", "r2", "still"),), opened=NOW + timedelta(hours=1))
    state(place).open_review(again)
    (both,) = state(place).seen().reviews
    assert both.review == replace(REVIEW, ran=(*REVIEW.ran, *again.ran), opened=again.opened)
    state(place).close([first])
    assert state(place).seen().reviews == (both,)


def test_a_review_that_somebody_alters_meanwhile_is_not_written_over() -> None:
    place = Keys()
    place.before_swap = lambda: state(place).open_review(replace(REVIEW, ran=(Ran("eve", "r2", "still"),)))
    with pytest.raises(Conflict, match="expected the review to be kept; found another, or none; ask again"):
        state(place).open_review(REVIEW)
    place = Keys()
    place.before_swap = lambda: state(place).open_review(REVIEW)
    state(place).open_review(REVIEW)
    assert len(state(place).seen().reviews) == 1, "what was written already, though nobody said so, is kept"


@pytest.mark.parametrize("name", ["governed", "reviews/x"])
def test_what_stands_there_and_is_nothing_of_ours_is_named(place: Place, name: str) -> None:
    assert place.ask(lambda client: client.swap(f"/erpops/lab/change/{name}", "[]", 0))
    with pytest.raises(Refused, match=f"/erpops/lab/change/{name}; found expected"):
        state(place).seen()
