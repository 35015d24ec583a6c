"""When which request is due. Fixed before anything is sent: no answer, however late, moves a request.

That is the open loop. A user of a closed one (Locust's, with any of its wait times) asks for the next page when
the last one has come: while the estate stands still nobody asks, and what should have been asked is missing from
the figures. Here it is due all the same, and its time counts from the moment it was due.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count


@dataclass(frozen=True)
class Rates:
    """How many a second. Half of them open a connection of their own, half share connections that are kept alive."""

    order: float = 2.0
    page: float = 5.0
    confirm: float = 0.25
    deliver: float = 0.125


@dataclass(frozen=True, order=True)
class Arrival:
    """One request: ``due`` seconds after the start, the n-th of its stream."""

    due: float
    stream: str
    number: int

    @property
    def kept(self) -> bool:
        """Whether it travels on a connection that is kept alive."""
        return self.number % 2 == 0


def arrivals(rates: Mapping[str, float]) -> Iterator[Arrival]:
    """Return all that is due, in order and without end; streams are set apart so that they do not fall together."""
    given = {stream: rate for stream, rate in rates.items() if rate > 0}
    return heapq.merge(
        *(_stream(stream, rate, place / len(given)) for place, (stream, rate) in enumerate(given.items()))
    )


def _stream(stream: str, rate: float, offset: float) -> Iterator[Arrival]:
    return (Arrival((number + offset) / rate, stream, number) for number in count())
