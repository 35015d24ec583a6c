"""What the database holds against what the ledger says. The database is right; the question is who was lied to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from tests.load.ledger import CONFIRM, DELIVER, ORDER, History
from tests.load.outcome import Fate

SHOWN = 5


@dataclass(frozen=True)
class Row:
    """One order as the database has it: its lines, and what its transfers are to move and have moved."""

    id: int
    name: str
    reference: str
    state: str
    lines: int
    quantity: float
    moved: float
    delivered: float


@dataclass(frozen=True)
class Found:
    """What the database holds: the orders of a run, and by invariant of the application what breaks it."""

    orders: tuple[Row, ...]
    broken: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Unknown:
    """Writes that died without an answer, reconciled: both are right."""

    there: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()


@dataclass(frozen=True)
class Truth:
    """The verdict. Everything but the first two and the last is a fault where it is not empty.

    ``put_right`` is what was wrong at first, until Odoo's own housekeeping had run.
    """

    acknowledged: int
    unknown: Unknown
    lost: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    altered: tuple[str, ...] = ()
    undone: tuple[str, ...] = ()
    unasked: tuple[str, ...] = ()
    broken: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    put_right: tuple[str, ...] = ()

    @property
    def faults(self) -> list[str]:
        """Return a sentence for each thing that must not be."""
        said = [
            f"{len(getattr(self, name))} {meaning}: {_some(getattr(self, name))}"
            for name, meaning in _MEANINGS.items()
            if getattr(self, name)
        ]
        return said + [f"{name}: {_some(rows)}" for name, rows in self.broken.items() if rows]

    @property
    def holds(self) -> bool:
        return not self.faults


_MEANINGS = {
    "lost": "acknowledged and not in the database",
    "doubled": "in the database more than once",
    "altered": "acknowledged as something else than the database holds",
    "undone": "confirmed or delivered by the word of the estate, and not so in the database",
    "unasked": "in the database although refused, never sent or not of this ledger",
}


def judge(history: History, found: Found) -> Truth:
    """Compare. Every acknowledged write is there exactly once, as it was sent; nothing is there that was not asked."""
    rows: dict[str, list[Row]] = defaultdict(list)
    for row in found.orders:
        rows[row.reference].append(row)
    orders = {write.reference: write for write in history.of(ORDER)}
    acknowledged = [write for write in orders.values() if write.fate is Fate.ACKNOWLEDGED]
    done = [write for write in history.of(CONFIRM) + history.of(DELIVER) if write.fate is Fate.ACKNOWLEDGED]
    unasked = [
        reference
        for reference in rows
        if reference not in orders or orders[reference].fate in (Fate.REFUSED, Fate.UNSENT)
    ]
    altered = [
        f"{write.reference} ({_as_sent(write.order, write.lines, write.quantity)}; "
        f"found {_as_sent(row.id, row.lines, row.quantity)})"
        for write in orders.values()
        for row in rows[write.reference][:1]
        if (row.lines, row.quantity) != (write.lines, write.quantity)
        or (write.fate is Fate.ACKNOWLEDGED and row.id != write.order)
    ]
    return Truth(
        acknowledged=len(acknowledged),
        unknown=_reconciled(history, rows),
        lost=tuple(write.reference for write in acknowledged if not rows[write.reference]),
        doubled=tuple(reference for reference, there in rows.items() if len(there) > 1),
        altered=tuple(altered),
        undone=tuple(
            f"{write.act} {write.reference}"
            for write in done
            if not any(_done(write.act, row) for row in rows[write.reference])
        ),
        unasked=tuple(unasked),
        broken={name: tuple(what) for name, what in found.broken.items() if what},
    )


def found_in(document: Mapping[str, Any]) -> Found:
    """Return what the database's answer says."""
    names = [each.name for each in fields(Row)]
    orders = tuple(Row(**{name: row[name] for name in names}) for row in document["orders"])
    return Found(orders, {name: tuple(rows) for name, rows in document["broken"].items()})


def _reconciled(history: History, rows: Mapping[str, list[Row]]) -> Unknown:
    there: list[str] = []
    absent: list[str] = []
    for write in history.writes:
        if write.fate is Fate.UNKNOWN:
            is_there = any(_done(write.act, row) for row in rows[write.reference])
            (there if is_there else absent).append(f"{write.act} {write.reference}")
    return Unknown(tuple(there), tuple(absent))


def _done(act: str, row: Row) -> bool:
    if act == CONFIRM:
        return row.state in ("sale", "done") and row.moved == row.quantity
    if act == DELIVER:
        return row.delivered == row.quantity
    return True


def _as_sent(order: int, lines: int, quantity: float) -> str:
    return f"id {order}, {lines} lines, {quantity:g} pieces"


def _some(things: Iterable[Any]) -> str:
    listed = [str(thing) for thing in things]
    return ", ".join(listed[:SHOWN]) + (f" and {len(listed) - SHOWN} more" if len(listed) > SHOWN else "")
