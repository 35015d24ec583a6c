"""Ledger against database, case by case. That real answers of the database are read is shown on the estate."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.load.ledger import CONFIRM, DELIVER, ORDER, History, Write
from tests.load.outcome import Fate
from tests.load.truth import Found, Row, Truth, Unknown, judge

REFERENCE = "L1-000001"
TOLD = Write(ORDER, REFERENCE, Fate.ACKNOWLEDGED, 17, 5.0, 2, "")
ROW = Row(17, "S00017", REFERENCE, "draft", 2, 5.0, 0.0, 0.0)
SALE = replace(ROW, state="sale", moved=5.0)
GONE = replace(SALE, delivered=5.0)


def judged(writes: list[Write], rows: list[Row]) -> Truth:
    return judge(History("L1", "north", tuple(writes)), Found(tuple(rows)))


def act(name: str, known: Fate) -> Write:
    return replace(TOLD, act=name, fate=known)


@pytest.mark.parametrize(
    ("writes", "rows"),
    [
        ([], []),
        ([TOLD], [ROW]),
        ([replace(TOLD, fate=Fate.REFUSED)], []),
        ([replace(TOLD, fate=Fate.UNSENT)], []),
        ([TOLD, act(CONFIRM, Fate.ACKNOWLEDGED)], [SALE]),
        ([TOLD, act(CONFIRM, Fate.ACKNOWLEDGED), act(DELIVER, Fate.ACKNOWLEDGED)], [GONE]),
        ([TOLD, act(CONFIRM, Fate.REFUSED)], [ROW]),
        # An order that is confirmed while the verifier looks is still that order.
        ([TOLD], [SALE]),
    ],
)
def test_what_is_as_it_was_said(writes: list[Write], rows: list[Row]) -> None:
    found = judged(writes, rows)
    assert found.holds, found.faults
    assert found.unknown == Unknown()


@pytest.mark.parametrize(
    ("writes", "rows", "kind", "said"),
    [
        ([TOLD], [], "lost", "acknowledged and not in the database: L1-000001"),
        ([TOLD], [ROW, replace(ROW, id=18)], "doubled", "more than once: L1-000001"),
        ([replace(TOLD, fate=Fate.UNKNOWN)], [ROW, replace(ROW, id=18)], "doubled", "more than once"),
        # Lost with its leader and written again by somebody: there once, but not what its customer was told.
        ([TOLD], [replace(ROW, id=18)], "altered", "id 17, 2 lines, 5 pieces; found id 18, 2 lines, 5 pieces"),
        ([TOLD], [replace(ROW, lines=1, quantity=2.0)], "altered", "found id 17, 1 lines, 2 pieces"),
        ([replace(TOLD, fate=Fate.UNKNOWN, order=0)], [replace(ROW, lines=0, quantity=0.0)], "altered", "0 lines"),
        ([TOLD, act(CONFIRM, Fate.ACKNOWLEDGED)], [ROW], "undone", "confirm L1-000001"),
        ([TOLD, act(CONFIRM, Fate.ACKNOWLEDGED)], [replace(SALE, moved=4.0)], "undone", "confirm L1-000001"),
        ([TOLD, act(DELIVER, Fate.ACKNOWLEDGED)], [SALE], "undone", "deliver L1-000001"),
        ([replace(TOLD, fate=Fate.REFUSED)], [ROW], "unasked", "in the database although refused"),
        ([replace(TOLD, fate=Fate.UNSENT)], [ROW], "unasked", "in the database although refused"),
        ([], [ROW], "unasked", "in the database although refused"),
    ],
)
def test_what_is_not_as_it_was_said(writes: list[Write], rows: list[Row], kind: str, said: str) -> None:
    found = judged(writes, rows)
    assert getattr(found, kind)
    assert not found.holds
    assert any(said in fault for fault in found.faults), found.faults


@pytest.mark.parametrize(
    ("write", "rows", "expected"),
    [
        (replace(TOLD, fate=Fate.UNKNOWN, order=0), [ROW], Unknown(there=("order L1-000001",))),
        (replace(TOLD, fate=Fate.UNKNOWN, order=0), [], Unknown(absent=("order L1-000001",))),
    ],
)
def test_what_died_without_an_answer_may_be_there_or_not(write: Write, rows: list[Row], expected: Unknown) -> None:
    found = judged([write], rows)
    assert found.unknown == expected
    assert found.holds


@pytest.mark.parametrize(
    ("name", "row", "there"),
    [(CONFIRM, ROW, False), (CONFIRM, SALE, True), (DELIVER, SALE, False), (DELIVER, GONE, True)],
)
def test_so_may_what_was_to_be_done_with_an_order(name: str, row: Row, there: bool) -> None:
    found = judged([TOLD, act(name, Fate.UNKNOWN)], [row])
    assert found.holds
    assert (found.unknown.there if there else found.unknown.absent) == (f"{name} {REFERENCE}",)


def test_an_invariant_that_is_broken_is_a_fault() -> None:
    found = judge(History("L1", "north", (TOLD,)), Found((ROW,), {"two orders have one number": ({"name": "S1"},)}))
    assert found.faults == ["two orders have one number: {'name': 'S1'}"]


def test_many_faults_are_counted_and_the_first_are_named() -> None:
    (said,) = judged([replace(TOLD, reference=f"L1-{number}") for number in range(8)], []).faults
    assert said == "8 acknowledged and not in the database: L1-0, L1-1, L1-2, L1-3, L1-4 and 3 more"
