# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The services of a host, stopped, started and restarted: in which order, behind which gate, and after a failure."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Refused, TimedOut, Unreachable
from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict
from ansible_collections.erpops.estate.plugins.module_utils.service.control import Control

YES = Verdict(True)


@dataclass
class Host:
    """What runs on one host, and every request that changed it."""

    running: set[str] = field(default_factory=lambda: {"traefik", "patroni", "etcd"})
    leading: set[str] = field(default_factory=set)
    held: set[str] = field(default_factory=set)
    sick: set[str] = field(default_factory=set)
    requests: list[str] = field(default_factory=list)

    def control(self, *, dry: bool = False) -> Control:
        found: Any = [Service(self, name) for name in ("etcd", "patroni", "traefik")]
        return Control(found, 0, 0, dry)


@dataclass
class Service:
    """One service, as its runtime and as its member."""

    host: Host
    name: str

    @property
    def kind(self) -> str:
        return self.name

    def runtime(self, *, dry: bool = False) -> Runtime:
        return Runtime(self.host, dry)

    def member(self) -> Service:
        return self

    def health(self) -> Verdict:
        if self.name not in self.host.running:
            raise Unreachable(self.name, expected="an answer", found="none")
        return Verdict(False, ("it has not caught up",)) if self.name in self.host.sick else YES

    def leads(self) -> bool:
        return self.name in self.host.leading

    def may_leave(self) -> Verdict:
        return Verdict(False, ("its peer is down",)) if self.name in self.host.held else YES

    def step_aside(self) -> list[str]:
        self.host.leading.remove(self.name)
        self.host.requests.append(f"move {self.name}")
        return [f"leadership of {self.name} moved"]


@dataclass
class Runtime:
    host: Host
    dry: bool

    def observe(self, name: str) -> Any:
        return SimpleNamespace(running=name in self.host.running)

    def stop(self, name: str) -> None:
        self._change(f"stop {name}")
        self.host.running.discard(name)

    def start(self, name: str) -> None:
        self._change(f"start {name}")
        self.host.running.add(name)

    def restart(self, name: str) -> None:
        self._change(f"restart {name}")

    def _change(self, request: str) -> None:
        assert not self.dry, request
        self.host.requests.append(request)


def test_they_go_down_from_the_users_inwards_and_come_back_the_other_way() -> None:
    host = Host()
    assert host.control().stop() == ["traefik", "patroni", "etcd"]
    assert host.control().start() == ["etcd", "patroni", "traefik"]
    assert host.requests == [f"stop {name}" for name in ("traefik", "patroni", "etcd")] + [
        f"start {name}" for name in ("etcd", "patroni", "traefik")
    ]


def test_what_is_so_already_is_left_alone() -> None:
    host = Host(running={"etcd"})
    assert host.control().stop() == ["etcd"]
    assert host.control().stop() == []
    assert host.requests == ["stop etcd"]


def test_who_leads_hands_over_and_is_asked_then() -> None:
    host = Host(leading={"patroni"})
    control = host.control()
    control.stop()
    assert control.actions == ["stopped traefik", "leadership of patroni moved", "stopped patroni", "stopped etcd"]


def test_a_follower_that_may_not_leave_is_known_before_anything_is_touched() -> None:
    host = Host(leading={"traefik"}, held={"etcd"})
    with pytest.raises(Refused, match=r"gate of etcd; .*its peer is down"):
        host.control().stop()
    assert host.requests == []


def test_a_refusal_on_the_way_starts_again_what_was_stopped() -> None:
    """Who leads is asked in its turn only, when others are down already."""
    host = Host(leading={"patroni"}, held={"patroni"})
    control = host.control()
    with pytest.raises(Refused, match="gate of patroni"):
        control.stop()
    assert host.requests == ["stop traefik", "move patroni", "start traefik"]
    assert control.actions == ["stopped traefik", "started traefik"]
    assert host.running == {"traefik", "patroni", "etcd"}


def test_what_does_not_come_back_after_a_refusal_is_told_beside_it() -> None:
    host = Host(leading={"patroni"}, held={"patroni"}, sick={"traefik"})
    control = host.control()
    with pytest.raises(Refused, match="gate of patroni"):
        control.stop()
    assert control.actions[-1].startswith("not everything came back: health of traefik")


def test_nobody_is_started_after_the_first_that_does_not_get_well() -> None:
    host = Host(running=set(), sick={"patroni"})
    with pytest.raises(TimedOut, match=r"health of patroni; .*it has not caught up; see its log"):
        host.control().start()
    assert host.requests == ["start etcd", "start patroni"]


def test_a_restart_is_one_request_so_that_nothing_stays_stopped() -> None:
    host = Host(leading={"patroni"})
    control = host.control()
    assert control.restart() == ["etcd", "patroni", "traefik"]
    assert host.requests == ["restart traefik", "move patroni", "restart patroni", "restart etcd"]
    assert control.actions[0] == "restarted traefik"


def test_a_restart_starts_what_is_stopped_and_ends_with_the_first_that_is_not_well() -> None:
    host = Host(running={"patroni", "etcd"}, sick={"patroni"})
    with pytest.raises(TimedOut, match="health of patroni"):
        host.control().restart()
    assert host.requests == ["start traefik", "restart patroni"]


def test_a_restart_that_is_refused_touches_nothing() -> None:
    host = Host(held={"traefik"})
    with pytest.raises(Refused, match="gate of traefik"):
        host.control().restart()
    assert host.requests == []


def test_dry_the_gates_are_asked_and_what_would_be_done_is_told() -> None:
    host = Host(leading={"patroni"})
    control = host.control(dry=True)
    assert control.stop() == ["traefik", "patroni", "etcd"]
    assert control.actions == [
        "stopped traefik",
        "handed over what patroni leads",
        "stopped patroni",
        "stopped etcd",
    ]
    assert (host.requests, host.leading) == ([], {"patroni"})
    host.held = {"etcd"}
    with pytest.raises(Refused, match="gate of etcd"):
        host.control(dry=True).stop()
    host.running = {"patroni"}
    control = host.control(dry=True)
    control.start()
    assert control.actions == ["started etcd", "started traefik"]
