"""A fault of a drill is done once, lifted by whoever comes first, and never by an estate that may not be struck."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.estate import module, site
from tests.estate.wait import until, until_whole
from tests.estate.world import Estate, Host

DRILL = "erpops.estate.drill"
LIFT = "/run/erpops-drill/lift"
FROZEN = {"fault": "frozen", "service": "sentinel"}


@pytest.fixture
def host(estate: Estate) -> Iterator[Host]:
    """A host whose Sentinel may hang for a moment."""
    until_whole(estate)
    host = estate.group("redis")[-1]
    yield host
    module.run(host, "drill_fault", {"state": "lifted"})
    until_whole(estate)


def hangs(host: Host) -> bool:
    return bool(host.containers()["sentinel"]["State"]["Paused"])


def test_a_fault_is_done_once_and_lifted_once(host: Host) -> None:
    assert module.run(host, "drill_fault", FROZEN, "--check")["actions"] == ["frozen sentinel"]
    assert not hangs(host)
    assert not host.file("/run/erpops-drill").exists
    assert module.run(host, "drill_fault", FROZEN)["changed"]
    assert hangs(host)
    assert not module.run(host, "drill_fault", FROZEN)["changed"]
    other = module.run(host, "drill_fault", {**FROZEN, "service": "redis"}, failing=True)
    assert other["error"] == "conflict"
    assert module.run(host, "drill_fault", {"state": "lifted"})["actions"] == ["lifted frozen sentinel"]
    assert not hangs(host)
    assert not module.run(host, "drill_fault", {"state": "lifted"})["changed"]
    assert not host.service("erpops-drill-lift.timer").is_running


def test_a_fault_that_nobody_lifts_is_lifted_by_its_host(host: Host) -> None:
    module.run(host, "drill_fault", {**FROZEN, "lift_after": 5})
    assert hangs(host)
    until(lambda: not hangs(host), 20, "the timer to lift the fault")
    until(lambda: not host.file("/run/erpops-drill").exists, 5, "its record to go")


def test_what_a_drill_has_left_that_died_before_it_had_a_timer_is_lifted_by_the_next(host: Host) -> None:
    host.check_output("mkdir /run/erpops-drill; echo 'docker unpause sentinel; rm -r /run/erpops-drill' > %s", LIFT)
    host.check_output("docker pause sentinel")
    done = module.run(host, "drill_fault", {"fault": "cut_off", "peers": ["192.0.2.1"], "ports": [9]})
    assert done["left"] == ["lifted what an earlier drill has left: a fault that was begun"]
    assert done["actions"] == ["cut_off"]
    assert not hangs(host)
    assert host.service("erpops-drill-lift.timer").is_running
    assert module.run(host, "drill_fault", {"state": "lifted"})["actions"] == ["lifted cut_off"]


def test_what_cannot_be_done_leaves_nothing(host: Host) -> None:
    found = module.run(host, "drill_fault", {"fault": "frozen", "service": "nobody"}, failing=True)
    assert found["error"] == "refused"
    assert not host.file("/run/erpops-drill").exists


def drill(*more: str) -> site.Run:
    return site.run("-e", "drill_scenario=edge_killed", "--check", *more, check=False, playbook=DRILL)


def test_a_check_says_whom_it_would_strike_and_does_nothing(estate: Estate) -> None:
    until_whole(estate)
    edge = estate.edge_with_address()
    before = edge.containers()["traefik"]["State"]
    done = drill()
    assert (done.status, done.changes) == (0, 0), done.output
    plan: dict[str, Any] = next(result["msg"] for _host, name, result in done.results if name == "Show the plan")
    assert [(strike["host"], strike["fault"], strike["service"]) for strike in plan["strikes"]] == [
        (edge.name, "killed", "traefik")
    ]
    assert edge.containers()["traefik"]["State"] == before


def test_a_drill_is_refused_where_the_environment_does_not_allow_it() -> None:
    done = drill("-e", "estate_environment=production")
    assert done.status != 0
    assert "expected one that allows drills" in done.output
