"""Waiting within a bound, and for the estate to be whole again."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

from tests.estate import sight
from tests.estate.world import Estate


def until(condition: Callable[[], bool], seconds: float, what: str, *, interval: float = 0.5) -> float:
    """Wait for the condition and return how long it took."""
    start = time.monotonic()
    while not condition():
        if time.monotonic() - start > seconds:
            raise AssertionError(f"expected {what} within {seconds:.0f} s")
        time.sleep(interval)
    return time.monotonic() - start


def until_whole(estate: Estate, seconds: float = 180) -> None:
    """Wait until every service says it is healthy and each cluster has its roles filled."""
    last: list[str] = []

    def whole() -> bool:
        rows = sight.look(estate)
        roles = Counter((row.service, row.role) for row in rows)
        members = len(estate.group("patroni"))
        last[:] = [f"{row.host} {row.service}: {row.health}" for row in rows if row.health != "healthy"]
        if (roles["patroni", "leader"], roles["patroni", "quorum_standby"]) != (1, members - 1):
            last.append(f"patroni: {roles}")
        if roles["redis", "master"] != 1:
            last.append("redis: not one master")
        return not last

    try:
        until(whole, seconds, "the estate to be whole again", interval=1)
    except AssertionError as error:
        raise AssertionError(f"{error}; found {'; '.join(last)}") from None
