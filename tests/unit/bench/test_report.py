"""A measurement that exceeds its bound is named at the end and makes the status."""

from __future__ import annotations

import pytest

from tests.bench import __main__ as bench
from tests.bench.__main__ import recorded
from tests.bench.measure import MeasurementFailed
from tests.bench.report import Report


@pytest.mark.parametrize(("measured", "status"), [(75.0, 0), (75.1, 1)])
def test_an_exceeded_at_most_is_the_status(measured: float, status: int, capsys: pytest.CaptureFixture[str]) -> None:
    report = Report()
    report.line("a figure without a target", "9 s")
    report.most("site.yml", f"{measured} s", measured, 75, "at most 75 s")
    assert report.end() == status
    printed = capsys.readouterr()
    assert "at most 75 s: 1.00 of it" in printed.out
    assert ("does not hold: site.yml: 75.1 s, at most 75 s: 1.00 of it" in printed.err) == bool(status)


@pytest.mark.parametrize(
    ("run", "total", "target", "status"),
    [
        ("demo, from bare", 1600, "aim 1500 s: 1.07 of it", 0),
        ("demo, with everything up", 150, "aim 120 s: 1.25 of it", 0),
        ("demo, with images built", 300, "", 0),
        ("test, from bare", 3600, "at most 3600 s: 1.00 of it", 0),
        ("test, with images built", 3700, "at most 3600 s: 1.03 of it", 1),
        ("check, with everything up", 121, "at most 120 s: 1.01 of it", 1),
    ],
)
def test_a_long_run_stands_beside_its_target(
    run: str, total: float, target: str, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    report = Report()
    recorded(report, {run: {"total": total, "at": "2026-11-27T07:00:00Z", "phases": {"Lint": 61.0}}})
    assert report.end() == status
    [line] = [line for line in capsys.readouterr().out.splitlines() if line.startswith(f"make {run} ")]
    assert line.endswith(target)


@pytest.mark.parametrize(("run", "status"), [("demo, from bare", 1), ("demo, with everything up", 0)])
def test_only_fresh_machines_are_held_to_the_first_converge(run: str, status: int) -> None:
    report = Report()
    recorded(report, {run: {"total": 900, "at": "2026-11-27T07:00:00Z", "phases": {"Converge": 601.0}}})
    assert report.end() == status


def test_what_was_never_run_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    recorded(Report(), {})
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition("  ")[0] for line in lines] == [
        "make demo, from bare",
        "make demo, with everything up",
        "make test, from bare",
        "make check",
    ]
    assert all(line.endswith("never run in this checkout") for line in lines)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MeasurementFailed("run_playbook ended with 2:\nfatal: node1"), "run_playbook ended with 2:"),
        (AssertionError(), "AssertionError"),
        (OSError("no engine"), "no engine"),
    ],
)
def test_what_could_not_be_measured_is_said_and_the_rest_is_measured(
    error: Exception, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(report: Report) -> None:
        report.line("a figure before", "1 s")
        raise error

    monkeypatch.setattr(bench, "BLOCKS", {"site.yml": broken, "drills": lambda report: report.line("edge", "2 s")})
    assert bench.main() == 1
    printed = capsys.readouterr()
    lines = [" ".join(line.split()) for line in printed.out.splitlines()]
    assert lines[1:] == ["a figure before 1 s", f"site.yml could not be measured {said}", "edge 2 s"]
    assert f"does not hold: site.yml: could not be measured, {said}" in printed.err
    assert type(error).__name__ in printed.err
