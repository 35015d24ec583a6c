# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pause of Patroni and its lease: what is written in which order, by whom it may be ended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError, Conflict, Unreachable
from ansible_collections.erpops.estate.plugins.module_utils.clients.https import Answer, Tls
from ansible_collections.erpops.estate.plugins.module_utils.clients.patroni import PatroniClient, PatroniCluster
from ansible_collections.erpops.estate.plugins.module_utils.leases.maintenance import PatroniMaintenance
from ansible_collections.erpops.estate.plugins.module_utils.leases.state import Outcome
from ansible_collections.erpops.estate.plugins.module_utils.leases.store import LeaseStore

from tests.unit.plugins.module_utils.leases.keys import Keys

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class World:
    """A Patroni cluster of which node3 is down, and a store of leases."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.time = NOON
        self.keys = Keys()
        self.config: dict[str, Any] = {"ttl": 20}
        self.refusal: ClientError | None = None
        self.order: list[str] = []

        def get(client: PatroniClient, path: str) -> Mapping[str, Any]:
            if "10.0.0.3" in client.what:
                raise Unreachable(client.what)
            own = {"state": "running", **({"pause": True} if self.config.get("pause") else {})}
            return {"cluster": {"scope": "lab"}, "config": self.config, "patroni": own}[path]

        def write(client: PatroniClient, method: str, path: str, data: Mapping[str, Any], timeout: float) -> Answer:
            assert (method, path, timeout) == ("PATCH", "config", 15)
            if self.refusal:
                raise self.refusal
            self.order.append(f"pause={data['pause']} with {len(self.keys.entries_by_key)} leases")
            self.config["pause"] = data["pause"]
            return Answer(client.what, 200, b"{}")

        monkeypatch.setattr(PatroniClient, "_get", get)
        monkeypatch.setattr(PatroniClient, "_write", write)

    def act(self, state: str, owner: str = "ada", *, dry: bool = False, force: bool = False) -> dict[str, Any]:
        addresses = {f"node{number}": f"10.0.0.{number}" for number in (1, 2, 3)}
        cluster = PatroniCluster(addresses, tls=Tls("ca"))
        outcome = Outcome()
        store = LeaseStore(self.keys, "lab", lambda: self.time)
        maintenance = PatroniMaintenance(cluster, store, outcome, dry=dry)
        if state == "paused":
            maintenance.take(owner, "switches", 10)
        else:
            maintenance.give_back(owner, force=force)
        return outcome.result("paused")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def test_the_record_is_there_before_the_pause_and_until_after_it(world: World) -> None:
    assert world.act("paused")["actions"] == ["lease taken", "Patroni paused"]
    assert world.act("running")["actions"] == ["Patroni resumed", "lease of ada ended"]
    assert world.order == ["pause=True with 1 leases", "pause=None with 1 leases"]
    assert world.keys.entries_by_key == {}


def test_the_second_time_nothing_is_to_be_done(world: World) -> None:
    world.act("paused")
    revision = world.keys.revision
    second = world.act("paused")
    assert (second["changed"], second["paused"], second["lease"]["owner"]) == (False, True, "ada")
    assert second["diff"]["before"] == second["diff"]["after"]
    world.act("running")
    assert not world.act("running")["changed"]
    assert world.keys.revision == revision + 2


def test_check_mode_says_the_same_and_writes_nothing(world: World) -> None:
    assert world.act("paused", dry=True)["actions"] == ["lease taken", "Patroni paused"]
    assert (world.order, world.keys.revision) == ([], 1)
    world.act("paused")
    assert world.act("running", dry=True)["actions"] == ["Patroni resumed", "lease of ada ended"]
    assert (len(world.order), world.keys.revision) == (1, 2)


def test_somebody_else_s_pause_is_left_alone_until_it_expires_or_by_force(world: World) -> None:
    world.act("paused")
    with pytest.raises(Conflict, match=r"held by ada \(switches\) until 2026-11-23 12:10:00 UTC"):
        world.act("paused", "bob")
    with pytest.raises(Conflict, match="then use force"):
        world.act("running", "bob")
    assert world.act("running", "bob", force=True)["actions"] == ["Patroni resumed", "lease of ada ended"]
    world.act("paused")
    world.time += timedelta(minutes=10)
    assert world.act("paused", "bob")["actions"] == ["lease taken over"]
    assert world.act("running", "bob")["lease"]["owner"] == "bob"


def test_a_pause_by_hand_gets_a_lease_or_is_ended(world: World) -> None:
    world.config["pause"] = True
    assert world.act("paused")["actions"] == ["lease taken"]
    world.act("running")
    world.config["pause"] = True
    assert world.act("running")["actions"] == ["Patroni resumed"]


def test_a_pause_that_fails_leaves_the_lease_that_ends_it(world: World) -> None:
    world.refusal = Unreachable("Patroni")
    with pytest.raises(Unreachable):
        world.act("paused")
    assert len(world.keys.entries_by_key) == 1
