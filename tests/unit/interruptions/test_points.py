"""The table of interruptions: ten of each playbook, of all kinds, and nothing in it that could not be meant."""

from __future__ import annotations

import inspect
import json
from collections import Counter
from pathlib import Path

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.drill_plan import Members
from ansible_collections.erpops.estate.plugins.module_utils.policy.drills import SCENARIOS

from tests.estate.world import Estate
from tests.interruptions import cast, watcher
from tests.interruptions.model import CONNECTION, KILLED, KINDS, PROCESS, Act, At, Point
from tests.interruptions.points import PLAYS, POINTS, UNTRIED, exercises
from tests.lab import paths

WHOLE = paths.ROOT / "tests" / "unit" / "fixtures" / "status" / "whole.json"
PARTS = {"host", "edge", "peer"}


def conditions(point: Point) -> list[At]:
    """Return everything that is asked because of a point."""
    play = PLAYS[point.playbook]
    return [*(At(point.at, words) for words in (*point.moment, *point.near)), *point.left, *point.until, *play.done]


def acts(point: Point) -> list[Act]:
    play = PLAYS[point.playbook]
    return [play.act, *play.before, *play.after, *([point.then] if point.then else [])]


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    """The lab's estate as its file tells of it; nobody is asked."""
    groups = {
        **{f"node{number}": ["etcd", "patroni", "redis", *(["odoo", "edge"] * (number < 3))] for number in (1, 2, 3)},
        "store1": ["object_storage"],
    }
    login = {"user": "ops", "ssh_key_file": str(tmp_path / "key")}
    hosts = [
        {"name": name, "address": f"10.0.0.{number}", "groups": has, **login}
        for number, (name, has) in enumerate(groups.items(), 1)
    ]
    described = {"virtual_ip": "10.0.0.100", "ca_file": "ca.crt", "hosts": hosts, "instances": []}
    (tmp_path / "estate.json").write_text(json.dumps(described))
    return Estate.load(tmp_path / "estate.json")


def test_ten_of_each_playbook_and_of_every_kind() -> None:
    assert Counter(point.playbook for point in POINTS.values()) == dict.fromkeys(PLAYS, 10)
    for playbook in PLAYS:
        assert {point.kill for point in POINTS.values() if point.playbook == playbook} == set(KINDS), playbook


def test_no_two_are_the_same() -> None:
    told = Counter((each.playbook, each.moment, each.kill, each.module_too, each.scenario) for each in POINTS.values())
    assert not [same for same, number in told.items() if number > 1]


@pytest.mark.parametrize("name", POINTS)
def test_a_point_can_be_meant(name: str) -> None:
    point = POINTS[name]
    assert point.kill in KINDS
    assert point.whom in cast.WHOM
    assert point.moment, "expected a moment"
    assert point.left, "expected something half done"
    assert not (point.kill == PROCESS and point.module_too), "a module that dies alone dies anyway"
    assert point.module or point.kill not in (CONNECTION, PROCESS), "whose connection?"
    assert not point.module or (paths.ROOT / f"plugins/modules/{point.module.rpartition('.')[2]}.py").exists()
    assert (point.scenario in SCENARIOS) is (point.playbook == "drill")
    assert bool(point.until) is bool(point.refused), "who is refused waits for something"


@pytest.mark.parametrize("name", POINTS)
def test_what_is_asked_can_be_asked(name: str) -> None:
    for asked in conditions(POINTS[name]):
        kind, *words = asked.words
        assert asked.who in PARTS
        inspect.signature(watcher.CONDITIONS[kind]).bind(None, *words)


@pytest.mark.parametrize("name", POINTS)
def test_every_word_is_filled_in(name: str, estate: Estate, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    members = Members(json.loads(WHOLE.read_text(encoding="utf-8")))
    monkeypatch.setattr(cast, "seen", lambda _estate: members)
    monkeypatch.setattr(cast.Cast, "since", lambda _self, part: f"since of {part}")
    point = POINTS[name]
    found = cast.choose(estate, point, tmp_path / "result.json")
    cast.measure(found, "since")
    cast.measure(found, "now")
    found.words["old"] = "0123"
    told = [word for asked in conditions(point) for word in found.told(asked.words)]
    told += [word for act in acts(point) for word in found.command(act)[1]]
    told += found.told(point.says)
    assert not [word for word in told if "{host" in word or "{edge" in word]
    assert len({found.parts["host"].name, found.parts["edge"].name}) == 2


@pytest.mark.parametrize("name", POINTS)
def test_the_code_that_it_exercises_is_there(name: str) -> None:
    missing = [pattern for pattern in exercises(POINTS[name]) if not list(paths.ROOT.glob(pattern))]
    assert not missing


def test_what_asks_for_a_restart_is_one_word_of_the_command_line() -> None:
    act = PLAYS["rolling_restart"].act
    assert json.loads(act.arguments[1].format(service="traefik")) == {"restart_services": ["traefik"]}


def test_whose_next_run_has_to_say_it_left_leases_behind() -> None:
    """A lease is an orphan only where what it is part of is gone."""
    for name, point in POINTS.items():
        if point.says and point.playbook not in ("switchover", "drill"):
            held = [asked.words for asked in point.left if asked.words[0] == "lease" and asked.words[-1] == "held"]
            assert held, name
            assert point.kill in (KILLED, CONNECTION), name


def test_nobody_is_called_untried_twice() -> None:
    assert set(POINTS) >= UNTRIED
