"""Where nobody may notice anything, the load has the last word on whether a measurement holds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.bench import maintenance, switchover
from tests.bench.maintenance import Turn
from tests.bench.measure import Durations
from tests.bench.report import met
from tests.bench.switchover import Moves
from tests.load.outcome import Failure
from tests.load.result import Result, Sample, Websockets
from tests.load.truth import Truth, Unknown
from tests.unit.load import test_result

WHOLE = replace(test_result.WHOLE, websockets=Websockets(2, 20, 0.1, (0.4, 1.5), ("reset", "reset")))
FAILED = replace(WHOLE, samples=(*WHOLE.samples, Sample("page", 107.0, 107.0, 107.1, Failure.SERVER_ERROR)))
DEAD = replace(WHOLE, defects=("KeyError: 'id'",))
SILENT = replace(WHOLE, samples=(), acknowledged=())
LOST = replace(WHOLE, truth=Truth(2, Unknown(), lost=("L1-2",)))
UNKNOWN = replace(WHOLE, fates={"acknowledged": 2, "unknown": 3})
OURS = Moves(Durations((1.0, 1.5, 1.9)), Durations((1.0, 2.0, 3.0)), WHOLE)
BARE = Moves(Durations((1.0, 2.0)), Durations((2.0, 4.0)), WHOLE)


def test_switchovers_stand_beside_what_they_are_held_to() -> None:
    assert list(switchover.told(OURS, BARE)) == [
        (
            "switchover: longest time without a write",
            "median 1.50 s, worst 1.90 s",
            "at most 2 s (median): 0.75 of it",
            True,
        ),
        ("  by patronictl alone", "median 1.50 s, worst 2.00 s", "", True),
        ("  as a ratio to it", "1.00", "", True),
        (
            "  without an acknowledged order",
            "median 2.00 s, worst 3.00 s",
            "as users see it; the load sends one each 0.5 s",
            True,
        ),
        ("  by patronictl alone", "median 3.00 s, worst 4.00 s", "", True),
        (
            "  requests during 3 of them",
            "2 in 10 s",
            "0 failed (none may), 0 orders unknown (aim 0), lost 0, doubled 0",
            True,
        ),
        (
            "  during 2 by patronictl alone",
            "2 in 10 s, 0 failed, 0 orders unknown",
            "any may fail, none acknowledged be lost",
            True,
        ),
    ]


@pytest.mark.parametrize(
    ("load", "ours", "bare"),
    [(FAILED, False, True), (DEAD, False, False), (SILENT, False, False), (LOST, False, False), (UNKNOWN, True, True)],
)
def test_of_our_switchovers_the_load_has_to_have_nothing_to_say(load: Result, *, ours: bool, bare: bool) -> None:
    assert _holds(replace(OURS, load=load), BARE) == [*[True] * 5, ours, True]
    assert _holds(OURS, replace(BARE, load=load)) == [*[True] * 6, bare]


def _holds(ours: Moves, bare: Moves) -> list[bool]:
    return [holds for _what, _figure, _target, holds in switchover.told(ours, bare)]


def test_a_slow_switchover_does_not_hold() -> None:
    assert _holds(replace(OURS, writes=Durations((2.1, 2.1))), BARE)[0] is False


def test_a_host_that_leaves_stands_beside_what_it_is_held_to() -> None:
    assert list(maintenance.told(Turn("node1", 61.0, 43.0, WHOLE))) == [
        (
            "host_out and host_in of node1, the leader",
            "61 s and 43 s, 2 requests",
            "0 failed (none may), 0 orders unknown (aim 0), lost 0, doubled 0",
            True,
        ),
        ("  longest time without an acknowledged order", "5.20 s", "websockets: 2 away, at most 1.5 s", True),
    ]


@pytest.mark.parametrize(
    ("load", "holds"), [(FAILED, False), (DEAD, False), (SILENT, False), (LOST, False), (UNKNOWN, True)]
)
def test_who_leaves_may_cost_nobody_a_request(load: Result, *, holds: bool) -> None:
    told: list[Any] = list(maintenance.told(Turn("node1", 61.0, 43.0, load)))
    assert [line[-1] for line in told] == [holds, True]


@pytest.mark.parametrize(
    ("load", "said"),
    [
        (FAILED, "1 failed (none may), 0 orders unknown (aim 0), lost 0, doubled 0; 1 failed requests: 1 5xx"),
        (DEAD, "doubled 0; the load itself is at fault: KeyError: 'id'"),
        (LOST, "lost 1, doubled 0; 1 acknowledged and not in the database: L1-2"),
        (UNKNOWN, "0 failed (none may), 3 orders unknown (aim 0), lost 0, doubled 0"),
    ],
)
def test_what_users_met_is_said(load: Result, said: str) -> None:
    assert said in met(load)
