"""The figures: percentiles that do not flatter, the longest gap, and what counts as a fault."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.load.outcome import Failure
from tests.load.result import Machine, Result, Sample, Websockets, disproof, longest_gap, percentile
from tests.load.truth import Truth, Unknown

WHOLE = Result(
    run="L1",
    ledger="l.jsonl",
    began=100.0,
    ended=110.0,
    wanted={"order": 0.2},
    samples=(Sample("order", 101.0, 101.0, 101.2), Sample("order", 106.0, 106.1, 106.4)),
    acknowledged=(101.2, 106.4),
    fates={"acknowledged": 2, "unknown": 0},
    connections={"new": 2},
    websockets=Websockets(2, 20, 0.1),
    machine=Machine(2, 0.5, 0.02),
    truth=Truth(2, Unknown()),
)
HUNDRED = [float(number) for number in range(1, 101)]


@pytest.mark.parametrize(
    ("values", "share", "failed", "expected"),
    [
        (HUNDRED, 50, 0, 50.0),
        (HUNDRED, 99, 0, 99.0),
        (HUNDRED, 100, 0, 100.0),
        ([3.0], 50, 0, 3.0),
        ([], 50, 0, None),
        # What failed took for ever: with one of 101 failed the worst is no figure any more, with 60 of 160 p99 neither.
        (HUNDRED, 99, 1, 100.0),
        (HUNDRED, 100, 1, None),
        (HUNDRED, 50, 60, 80.0),
        (HUNDRED, 99, 60, None),
    ],
)
def test_percentiles(values: list[float], share: float, failed: int, expected: float | None) -> None:
    assert percentile(values, share, failed) == expected


@pytest.mark.parametrize(
    ("moments", "expected"),
    [
        ([101, 102, 106, 109], 4),
        ([104, 105], 5),  # the end counts
        ([107, 108], 7),  # so does the beginning
        ([], 10),
        ([90, 95, 120], 10),  # before and after do not
        ([109, 101], 8),
    ],
)
def test_the_longest_gap(moments: list[float], expected: float) -> None:
    assert longest_gap(moments, 100, 110) == expected


def test_time_counts_from_when_a_request_was_due() -> None:
    assert Sample("page", due=5.0, started=9.0, ended=9.1).seconds == pytest.approx(4.1)


def test_a_run_in_which_all_went_well_has_no_fault() -> None:
    assert WHOLE.faults == []
    assert "nothing failed, nothing lost, nothing doubled" in WHOLE.summary()
    figures = json.loads(json.dumps(WHOLE.data()))
    assert figures["streams"]["order"] == {
        "wanted": 0.2,
        "reached": 0.2,
        "requests": 2,
        "failed": 0,
        "ms": {"p50": 200.0, "p90": 400.0, "p99": 400.0, "worst": 400.0},
    }
    assert figures["longest_gap_seconds"] == 5.2
    assert figures["truth"]["holds"] is True


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {
                "samples": (
                    Sample("page", 1, 1, 2, Failure.SERVER_ERROR),
                    Sample("page", 1, 1, 2, Failure.SERVER_ERROR),
                    Sample("page", 1, 1, 2, Failure.RESET),
                )
            },
            "3 failed requests: 2 5xx, 1 reset",
        ),
        ({"samples": (Sample("page", 1, 4, 5),)}, "the load fell behind its own schedule by 3.00 s"),
        ({"truth": Truth(2, Unknown(), lost=("L1-2",))}, "1 acknowledged and not in the database: L1-2"),
        ({"defects": ("KeyError: 'id'",)}, "the load itself is at fault: KeyError: 'id'"),
        (
            {"acknowledged": ()},
            "expected 50% of the 2 orders that were due to be acknowledged at least, found 0: not a measurement",
        ),
    ],
)
def test_what_is_a_fault_is_said(changed: dict[str, object], said: str) -> None:
    result = replace(WHOLE, **changed)  # type: ignore[arg-type]  # one table for fields of several types
    assert any(said in fault for fault in result.faults), result.faults
    assert f"FAULT  {result.faults[0]}" in result.summary()
    assert json.loads(json.dumps(result.data()))["faults"] == result.faults


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, []),
        ({"samples": (Sample("page", 1, 1, 2, Failure.RESET),)}, []),
        ({"acknowledged": (101.2,)}, []),
        # No order was due at all.
        ({"acknowledged": (), "wanted": {"order": 0.0, "page": 5.0}}, []),
        ({"acknowledged": ()}, ["not a measurement"]),
        ({"samples": (Sample("page", 1, 4, 5),)}, ["fell behind"]),
        ({"defects": ("KeyError: 'id'",)}, ["the load itself is at fault"]),
        ({"truth": Truth(2, Unknown(), lost=("L1-2",))}, ["L1-2"]),
    ],
)
def test_what_disproves_a_run_whose_requests_may_fail(changed: dict[str, object], said: list[str]) -> None:
    kept = json.loads(json.dumps(replace(WHOLE, **changed).kept()))  # type: ignore[arg-type]  # as above
    found = disproof(kept)
    assert len(found) == len(said), found
    assert all(part in fault for part, fault in zip(said, found, strict=True)), found


def test_defects_and_lateness_are_kept() -> None:
    kept = replace(WHOLE, defects=("KeyError: 'id'",), samples=(Sample("page", 1, 4, 5),)).kept()
    assert (kept["defects"], kept["behind_ms"], len(kept["worthless"])) == (["KeyError: 'id'"], 3000.0, 2)


def test_who_was_kept_before_loads_were_asked_is_not_known_to_be_worthless() -> None:
    assert disproof({"untrue": []}) == []
    assert disproof({"untrue": ["L1-2 is missing"]}) == ["L1-2 is missing"]


def test_unknown_writes_are_no_fault_and_are_said() -> None:
    result = replace(WHOLE, truth=Truth(2, Unknown(there=("order L1-1",), absent=("order L1-2", "order L1-3"))))
    assert result.faults == []
    assert "unknown: 1 there, 2 not" in result.summary()


def test_what_failed_alike_is_one_line() -> None:
    gone = [
        Sample("page", 100.0 + number, 100.0 + number, 109.0, Failure.SERVER_ERROR, "status 503") for number in (1, 4)
    ]
    other = Sample("order", 102.0, 102.0, 109.0, Failure.RESET, "ConnectionResetError")
    result = replace(WHOLE, samples=(gone[0], other, gone[1]))
    assert [(each.count, each.detail, each.first, each.last) for each in result.failures] == [
        (2, "status 503", 1.0, 4.0),
        (1, "ConnectionResetError", 2.0, 2.0),
    ]
    assert "failed: 2 times status 503 (1 s to 4 s)" in result.summary()
