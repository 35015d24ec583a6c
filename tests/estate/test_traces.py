"""Where a trade and a login went, and that nothing went elsewhere."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.estate import access
from tests.estate.journey import Trade
from tests.estate.traces import TRACES, Walk, leader, psql
from tests.estate.wait import until_whole
from tests.estate.web import Json2, Session
from tests.estate.world import Estate, Instance


@pytest.fixture
def walk(estate: Estate, north: Instance, odoo: Json2, session: Session, trade: Trade) -> Walk:
    return Walk(estate, north, odoo, session, trade)


@pytest.mark.parametrize("trace", TRACES, ids=lambda trace: trace.__name__)
def test_trace(trace: Callable[[Walk], str], walk: Walk) -> None:
    print(trace(walk))


def test_nothing_is_left_in_a_filestore_of_one_node(estate: Estate, odoo: Json2) -> None:
    query = """select count(*) from ir_attachment where store_fname is not null and store_fname not like '%://%'"""
    assert psql(leader(estate), odoo.database, query) == "0"


def test_health_of_every_service(estate: Estate) -> None:
    until_whole(estate, 30)


def test_both_instances_answer(estate: Estate) -> None:
    for instance in estate.instances:
        assert access.logged_in(estate, instance).user() == instance.admin_login
