"""What is due when: fixed beforehand, evenly, all streams at their rate."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from itertools import islice, pairwise, takewhile

import pytest

from tests.load.schedule import Arrival, Rates, arrivals


def until(seconds: float, rates: dict[str, float]) -> list[Arrival]:
    return list(takewhile(lambda arrival: arrival.due < seconds, arrivals(rates)))


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        ({"order": 2.0, "page": 5.0}, {"order": 120, "page": 300}),
        ({"order": 0.125}, {"order": 8}),  # 7.5 a minute
        ({"order": 2.0, "page": 0.0}, {"order": 120}),
        ({}, {}),
        (asdict(Rates()), {"order": 120, "page": 300, "confirm": 15, "deliver": 7}),
    ],
)
def test_a_minute_holds_what_the_rates_say(rates: dict[str, float], expected: dict[str, int]) -> None:
    assert Counter(arrival.stream for arrival in until(60, rates)) == expected


def test_all_is_due_in_order_and_evenly() -> None:
    due = until(10, {"order": 2.0, "page": 5.0})
    assert due == sorted(due)
    for stream, apart in (("order", 0.5), ("page", 0.2)):
        moments = [arrival.due for arrival in due if arrival.stream == stream]
        assert [later - earlier for earlier, later in pairwise(moments)] == pytest.approx([apart] * (len(moments) - 1))


def test_streams_do_not_fall_together() -> None:
    due = until(10, {"order": 2.0, "page": 2.0})
    assert min(later.due - earlier.due for earlier, later in pairwise(due)) > 0.1


def test_half_of_a_stream_keeps_its_connections() -> None:
    assert [arrival.kept for arrival in islice(arrivals({"order": 1.0}), 4)] == [True, False, True, False]
