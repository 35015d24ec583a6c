# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that goes out of service: its mark and its lease after each step, and after a refusal."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Conflict, Refused
from ansible_collections.erpops.estate.plugins.module_utils.leases import host_out
from ansible_collections.erpops.estate.plugins.module_utils.leases.state import Outcome
from ansible_collections.erpops.estate.plugins.module_utils.leases.store import LeaseStore

from tests.unit.plugins.module_utils.leases.keys import Keys

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Services:
    """Stands for what stops and starts services: here it is only about what is asked of it, and when."""

    gate_timeout = 60.0

    def __init__(self) -> None:
        self.actions: list[str] = []
        self.running = ["etcd", "patroni"]
        self.closed = ""
        self.asked: float | None = None

    def ask(self, seconds: float) -> None:
        self.asked = seconds
        if self.closed:
            raise Refused("gate of patroni", found=self.closed)

    def stop(self) -> None:
        if self.closed:
            self.actions += ["stopped traefik", "started traefik"]
            raise Refused("gate of patroni", found=self.closed)
        self.actions += [f"stopped {name}" for name in self.running]
        self.running = []

    def start(self) -> None:
        self.actions += [f"started {name}" for name in ("etcd", "patroni") if name not in self.running]
        self.running = ["etcd", "patroni"]


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    monkeypatch.setattr(host_out, "MARK", tmp_path / "out_of_service")
    return Services()


@pytest.fixture
def keys() -> Keys:
    return Keys()


def do(
    state: str, services: Services, keys: Keys, owner: str = "ada", *, name: str = "node2", dry: bool = False
) -> dict[str, Any]:
    services.actions = []
    outcome = Outcome()
    store = LeaseStore(keys, "lab", lambda: NOON)
    control: Any = services
    host = host_out.HostOut(name, control, store, outcome, dry=dry)
    if state == "out":
        host.take(owner, "new memory", 30)
    elif state == "announced":
        host.announce(owner, "new memory", 30)
    else:
        host.give_back(owner, force=False)
    return outcome.result("out")


def test_out_and_back(services: Services, keys: Keys) -> None:
    out = do("out", services, keys)
    assert out["actions"] == ["lease taken", "stopped etcd", "stopped patroni", "host taken out of service"]
    assert host_out.MARK.exists()
    again = do("out", services, keys)
    assert (again["changed"], again["lease"]["owner"]) == (False, "ada")
    back = do("in", services, keys)
    assert back["actions"] == [
        "started etcd",
        "started patroni",
        "host put back into service",
        "lease of ada ended",
    ]
    assert not host_out.MARK.exists()
    assert not keys.entries_by_key


def test_in_without_out_changes_nothing(services: Services, keys: Keys) -> None:
    assert do("in", services, keys)["changed"] is False


def test_a_refusal_leaves_neither_mark_nor_lease(services: Services, keys: Keys) -> None:
    services.closed = "the cluster would lose its quorum"
    with pytest.raises(Refused, match="lose its quorum"):
        do("out", services, keys)
    assert not host_out.MARK.exists()
    assert not keys.entries_by_key


def test_a_refusal_while_it_is_out_changes_nothing_of_it(services: Services, keys: Keys) -> None:
    do("out", services, keys)
    services.running, services.closed = ["etcd"], "somebody started it"
    with pytest.raises(Refused):
        do("out", services, keys)
    assert host_out.MARK.exists()
    assert keys.entries_by_key


def test_the_host_of_somebody_else_is_left_alone(services: Services, keys: Keys) -> None:
    do("out", services, keys)
    with pytest.raises(Conflict, match="ada"):
        do("in", services, keys, owner="bob")
    assert services.running == []


def test_a_dry_run_only_says_it(services: Services, keys: Keys) -> None:
    found = do("out", services, keys, dry=True)
    assert found["actions"] == ["lease taken", "stopped etcd", "stopped patroni", "host taken out of service"]
    assert not host_out.MARK.exists()
    assert not keys.entries_by_key
    services.running, services.closed = ["etcd", "patroni"], "the cluster would lose its quorum"
    with pytest.raises(Refused, match="lose its quorum"):
        do("out", services, keys, dry=True)
    assert not host_out.MARK.exists()


def test_a_refusal_tells_what_was_done_until_then(services: Services, keys: Keys) -> None:
    services.closed = "the cluster would lose its quorum"
    outcome = Outcome()
    control: Any = services
    host = host_out.HostOut("node2", control, LeaseStore(keys, "lab", lambda: NOON), outcome, dry=False)
    with pytest.raises(Refused):
        host.take("ada", "new memory", 30)
    assert outcome.actions[:3] == ["lease taken", "stopped traefik", "started traefik"]


def test_a_host_is_announced_before_it_goes(services: Services, keys: Keys) -> None:
    assert do("announced", services, keys, dry=True)["actions"] == [
        "lease taken",
        "host announced to go out of service",
    ]
    assert not keys.entries_by_key
    assert do("announced", services, keys)["changed"]
    assert (services.asked, services.running) == (60, ["etcd", "patroni"])
    assert host_out.MARK.exists()
    assert do("announced", services, keys)["changed"] is False
    assert do("out", services, keys)["actions"] == ["stopped etcd", "stopped patroni"]
    assert do("announced", services, keys)["changed"] is False
    assert services.running == []


def test_what_is_refused_when_it_is_announced_leaves_nothing(services: Services, keys: Keys) -> None:
    services.closed = "the cluster would lose its quorum"
    with pytest.raises(Refused, match="lose its quorum"):
        do("announced", services, keys)
    assert (keys.entries_by_key, host_out.MARK.exists()) == ({}, False)


def test_beside_a_host_that_is_out_nothing_is_waited_for(services: Services, keys: Keys) -> None:
    do("out", services, keys)
    assert services.asked is None
    host_out.MARK.unlink()
    other = Services()
    other.closed = "the cluster would lose its quorum"
    with pytest.raises(Refused, match=r"lose its quorum; .*put back first: host_out node2, held by ada \(new memory\)"):
        do("out", other, keys, name="node3", dry=True)
    assert other.asked == 0
    other.closed = ""
    assert do("out", other, keys, name="node3")["actions"][-1] == "host taken out of service"
