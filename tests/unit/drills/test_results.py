"""A kept result does as long as it is of the code that is there; it says itself how it came out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.drills import SCENARIOS

from tests.drills import results
from tests.lab import paths

NAME = "postgresql_killed"


def run(gap: float, *, untrue: tuple[str, ...] = ()) -> dict[str, Any]:
    streams = {stream: {"gap": gap} for stream in SCENARIOS[NAME].streams}
    writes: dict[str, Any] = {"lost": [], "doubled": []}
    return {"streams": streams, "writes": writes, "logged_out": 0, "findings": [], "load": {"untrue": list(untrue)}}


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(results, "FILE", tmp_path / "results.json")
    return tmp_path / "results.json"


def test_a_scenario_without_a_result() -> None:
    assert results.complaints(NAME) == [
        "postgresql_killed: expected a result, found none; run: make drills SCENARIO=postgresql_killed"
    ]


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
        ([run(1.0)] * 4 + [run(1.0, untrue=("L1 is missing",))], "load: L1 is missing"),
    ],
)
def test_a_result_that_is_not_as_it_must_be(runs: list[dict[str, Any]], said: str) -> None:
    for each in runs:
        kept = results.keep(NAME, "abc", each)
    assert (kept["verdict"]["ok"], kept["verdict"]["reasons"]) == (False, [said])
    assert results.shown()[-1] == ("", "", said, True)
    assert not results.complaints(NAME), "it is a result all the same"


def test_a_result_of_other_code_is_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    for _time in range(5):
        results.keep(NAME, "abc", run(1.0))
    monkeypatch.setattr(results, "digest", lambda _scenario: "other")
    assert "the result is older than the code it exercises (roles/patroni/" in results.complaints(NAME)[0]
    assert len(results.keep(NAME, "def", run(1.0))["runs"]) == 1


def test_what_a_result_is_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = SCENARIOS[NAME]
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    code = tmp_path / scenario.exercises[0]
    code.parent.mkdir(parents=True)
    code.write_text("a: 1\n")
    before = results.digest(scenario)
    code.write_text("a: 2\n")
    assert results.digest(scenario) != before
    code.write_text("a: 1\n")
    assert results.digest(scenario) == before
