"""A person with a browser."""

from __future__ import annotations

from tests.estate.browser import order_seen
from tests.estate.journey import Trade
from tests.estate.world import Estate, Instance


def test_a_person_logs_in_and_sees_the_order(estate: Estate, north: Instance, trade: Trade) -> None:
    assert trade.sale_name in order_seen(estate, north, trade)
