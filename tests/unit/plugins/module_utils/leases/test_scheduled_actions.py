# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pause of scheduled actions and its lease: what is written in which order, and when the lease ends."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients import odoo_pause
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Conflict, Refused
from ansible_collections.erpops.estate.plugins.module_utils.leases.scheduled_actions import ScheduledActions, take_back
from ansible_collections.erpops.estate.plugins.module_utils.leases.state import Outcome
from ansible_collections.erpops.estate.plugins.module_utils.leases.store import LeaseStore
from ansible_collections.erpops.estate.plugins.module_utils.policy.odoo_actions import Action

from tests.unit.plugins.module_utils.leases.keys import Keys

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class World:
    """Three scheduled actions, one of them switched off by somebody, and a store of leases."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.keys = Keys()
        self.order: list[str] = []
        self.actions = [
            Action(3, "Queue", "mail.queue", True),
            Action(6, "Fetch", "mail.fetch", False),
            Action(9, "Digest", "digest.send", True),
        ]

        def pause(_database: Any, actions: Iterable[Action], _wait: int) -> list[str]:
            return odoo_pause.pausing(self.turn(actions, False))

        def resume(_database: Any, actions: Iterable[Action]) -> list[str]:
            return odoo_pause.going_on(self.turn(actions, True))

        monkeypatch.setattr(odoo_pause, "look", lambda _database: list(self.actions))
        monkeypatch.setattr(odoo_pause, "pause", pause)
        monkeypatch.setattr(odoo_pause, "resume", resume)

    def turn(self, actions: Iterable[Action], active: bool) -> list[Action]:
        turned = list(actions)
        for action in turned:
            self.order.append(f"{action.name} {active} with {len(self.keys.entries_by_key)} leases")
            place = self.actions.index(action)
            self.actions[place] = replace(action, active=active, paused=not active)
        return turned

    def act(self, state: str, *patterns: str, owner: str = "ada", dry: bool = False, force: bool = False) -> list[str]:
        outcome = Outcome()
        store = LeaseStore(self.keys, "lab", lambda: NOON)
        acting = ScheduledActions(
            "north",
            None,  # type: ignore[arg-type]  # what would ask it is replaced
            store,
            outcome,
            patterns=patterns or ("*",),
            wait=5,
            dry=dry,
        )
        if state == "paused":
            acting.take(owner, "addresses", 10)
        else:
            acting.give_back(owner, force=force)
        return outcome.actions


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def test_the_lease_stands_before_the_pause_and_ends_after_it(world: World) -> None:
    paused = ["lease taken", "scheduled action Queue: paused", "scheduled action Digest: paused"]
    assert world.act("paused") == paused
    assert world.act("paused") == []
    assert world.act("running")[-1] == "lease of ada ended"
    assert world.act("running") == []
    assert [line.rpartition(" with ")[2] for line in world.order] == ["1 leases"] * 4
    assert [action.active for action in world.actions] == [True, False, True], "what was off stays off"
    assert world.keys.entries_by_key == {}


@pytest.mark.parametrize(("state", "first"), [("paused", []), ("running", ["paused"])])
def test_a_check_says_what_a_run_does(world: World, state: str, first: list[str]) -> None:
    for before in first:
        world.act(before)
    records, actions = dict(world.keys.entries_by_key), list(world.actions)
    said = world.act(state, dry=True)
    assert (world.keys.entries_by_key, world.actions) == (records, actions)
    assert world.act(state) == said != []


def test_the_lease_ends_with_the_last_that_goes_on(world: World) -> None:
    world.act("paused")
    assert world.act("running", "mail.*", dry=True) == ["scheduled action Queue: goes on"]
    assert world.act("running", "mail.*") == ["scheduled action Queue: goes on"]
    assert len(world.keys.entries_by_key) == 1
    assert world.act("running", "digest.*") == ["scheduled action Digest: goes on", "lease of ada ended"]


def test_more_is_paused_under_the_same_lease(world: World) -> None:
    world.act("paused", "mail.*")
    assert world.act("paused", "digest.*") == ["scheduled action Digest: paused"]


def test_nobody_else_pauses_or_ends_it(world: World) -> None:
    world.act("paused", "mail.*")
    world.act("paused", "digest.*")
    for state, patterns in (("paused", ("*",)), ("running", ("*",)), ("running", ("mail.*",))):
        with pytest.raises(Conflict, match=r"held by ada \(addresses\)"):
            world.act(state, *patterns, owner="bob")
    assert world.act("running", owner="bob", force=True)[-1] == "lease of ada ended"


def test_what_is_not_there_is_said_before_a_lease_is_taken(world: World) -> None:
    with pytest.raises(ValueError, match="found none called stock"):
        world.act("paused", "stock.*")
    assert world.keys.entries_by_key == {}


def test_a_host_without_the_instance_does_not_take_it_back() -> None:
    with pytest.raises(Refused, match="a record of the instance on this host"):
        take_back([{"service": "south"}], "north")
