"""A kept result is one as long as it is of the code that is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.interruptions import results
from tests.lab import paths

NAME = "out_leased"
LOADED: dict[str, Any] = {"load": {"untrue": []}}


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(results, "FILE", tmp_path / "results.json")
    return tmp_path / "results.json"


def test_a_result_is_kept_until_it_does_not_come_out_again() -> None:
    again = f"run: make interruptions POINT={NAME}"
    assert results.complaints(NAME) == [f"{NAME}: expected a result, found none; {again}"]
    results.keep(NAME, "abc", {"left": ["node3: held"], **LOADED})
    assert results.read()[NAME]["left"] == ["node3: held"]
    assert not results.complaints(NAME)
    results.forget(NAME)
    assert results.read() == {}


@pytest.mark.parametrize(
    ("load", "said"),
    [
        ({"untrue": []}, []),
        ({"untrue": [], "worthless": ["a thread died"]}, ["a thread died"]),
        ({"untrue": ["L1 is missing"], "worthless": []}, ["L1 is missing"]),
    ],
)
def test_a_result_under_a_load_that_disproves_it(load: dict[str, list[str]], said: list[str]) -> None:
    results.keep(NAME, "abc", {"load": load})
    again = f"run: make interruptions POINT={NAME}"
    assert results.complaints(NAME) == [f"{NAME}: load: {fault}; {again}" for fault in said]


def test_a_result_without_load() -> None:
    results.keep(NAME, "abc", {"left": []})
    said = f"{NAME}: expected a result under load, found one without: nothing is known of orders"
    assert results.complaints(NAME) == [f"{said}; run: make interruptions POINT={NAME}"]


def test_a_result_of_other_code_is_no_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = tmp_path / "playbooks" / "host_out.yml"
    code.parent.mkdir()
    code.write_text("a: 1\n")
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    results.keep(NAME, "abc", LOADED)
    assert not results.complaints(NAME)
    code.write_text("a: 2\n")
    assert "the result is older than the code it exercises (playbooks/host_out.yml" in results.complaints(NAME)[0]
    code.write_text("a: 1\n")
    assert not results.complaints(NAME)
