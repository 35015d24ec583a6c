"""A kept result does as long as it is of the code that is there and came out as it must."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.drills import SCENARIOS, STREAMS

from tests.drills import results
from tests.lab import paths

NAME = "postgresql_killed"


def run(gap: float, **load: list[str]) -> dict[str, Any]:
    streams = {stream: {"gap": gap} for stream in SCENARIOS[NAME].streams}
    writes: dict[str, Any] = {"lost": [], "doubled": []}
    return {"streams": streams, "writes": writes, "logged_out": 0, "findings": [], "load": {"untrue": [], **load}}


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(results, "FILE", tmp_path / "results.json")
    return tmp_path / "results.json"


def test_a_scenario_without_a_result() -> None:
    assert results.complaints(NAME) == [
        "postgresql_killed: expected a result, found none; run: make drills SCENARIO=postgresql_killed"
    ]


def test_who_has_no_result_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    unproven = {"edge_host_lost", "odoo_hung"}
    monkeypatch.setattr(results, "UNPROVEN", frozenset(unproven))
    for _time in range(5):
        results.keep(NAME, "abc", run(4.0))
    shown = {what.removeprefix("drill "): rest for what, *rest in results.shown()}
    assert shown.keys() == {f"{NAME}: write"} | SCENARIOS.keys() - {NAME}
    assert shown[f"{NAME}: write"] == ["median 4.0 s, worst 4.0 s of 5", "at most 5 s: 0.80 of it", True]
    assert shown["edge_killed"] == ["no result", "expected a result; run: make drills SCENARIO=edge_killed", False]
    assert {name for name, rest in shown.items() if rest[0] == "no result" and rest[-1]} == unproven


def test_it_takes_as_many_runs_as_the_median_needs() -> None:
    for number in range(1, 5):
        assert results.keep(NAME, "abc", run(4.0))["verdict"]["reasons"] == [
            f"expected the median of 5 drills, found {number}"
        ]
    assert results.keep(NAME, "abc", run(9.0))["verdict"]["ok"]
    assert not results.complaints(NAME)
    # One more forgets the first.
    assert len(results.keep(NAME, "abc", run(4.0))["runs"]) == 5


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        ([run(6.0)] * 5, "write: expected at most 5 s without success, found 6 s"),
        ([run(1.0)] * 4 + [run(1.0, untrue=["L1 is missing"])], "load: L1 is missing"),
        ([run(1.0)] * 4 + [run(1.0, worthless=["a thread died"])], "load: a thread died"),
    ],
)
def test_a_result_that_is_not_as_it_must_be(runs: list[dict[str, Any]], said: str) -> None:
    for each in runs:
        kept = results.keep(NAME, "abc", each)
    assert (kept["verdict"]["ok"], kept["verdict"]["reasons"]) == (False, [said])
    assert (f"drill {NAME}", "not as it must be", said, False) in results.shown()
    complaint = f"{NAME}: {said}; run: make drills SCENARIO={NAME}"
    assert results.complaints(NAME) == [complaint]


def test_a_result_of_code_that_nobody_can_look_up() -> None:
    for _time in range(5):
        results.keep(NAME, "abc-dirty", run(1.0))
    assert results.complaints(NAME) == [
        f"{NAME}: expected a result of committed code, found one of abc-dirty; run: make drills SCENARIO={NAME}"
    ]


def test_a_result_of_other_code_is_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    for _time in range(5):
        results.keep(NAME, "abc", run(1.0))
    monkeypatch.setattr(results, "digest", lambda _scenario: "other")
    assert "the result is older than the code it exercises (roles/patroni/" in results.complaints(NAME)[0]
    assert len(results.keep(NAME, "def", run(1.0))["runs"]) == 1


@pytest.mark.parametrize(
    "name",
    [
        "roles/patroni/defaults/main.yml",
        "images/postgresql/Dockerfile",
        "images/odoo/addons/erpops_estate/outage.py",
        "plugins/module_utils/members/drill_watch.py",
        "plugins/module_utils/policy/drill_verdict.py",
    ],
)
def test_what_a_result_is_about(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = SCENARIOS[NAME]
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    code = tmp_path / name
    code.parent.mkdir(parents=True)
    code.write_text("a: 1\n")
    before = results.digest(scenario)
    code.write_text("a: 2\n")
    assert results.digest(scenario) != before
    code.write_text("a: 1\n")
    assert results.digest(scenario) == before


def test_a_result_is_about_how_often_users_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    before = results.digest(SCENARIOS[NAME])
    monkeypatch.setattr(results, "STREAMS", {**STREAMS, "login": 9.0})
    assert results.digest(SCENARIOS[NAME]) == before, "nobody logs in"
    monkeypatch.setattr(results, "STREAMS", {**STREAMS, "write": 9.0})
    assert results.digest(SCENARIOS[NAME]) != before


def test_what_the_fault_costs_without_our_times_stands_beside_it_and_stays_there() -> None:
    for _time in range(5):
        results.keep(NAME, "abc", run(4.0))
    results.keep_bare(NAME, "abc", [{**run(gap), "at": "2026-01-01T00:00:00Z"} for gap in (6.0, 8.0, 20.0)])
    results.keep(NAME, "abc", run(4.0))
    told = ("  with Patroni's own times", "median 8.0 s, worst 20.0 s of 3", "ours: 0.50 of it", True)
    assert told in results.shown()
