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


def test_nothing_is_kept_beside_the_bucket(estate: Estate) -> None:
    """Neither in one node's filestore nor in the database, which keeps assets and small images alone."""
    query = """
select count(*) from ir_attachment where type = 'binary' and file_size > 0 and (store_fname not like '%://%'
  or store_fname is null and not (mimetype in ('application/javascript', 'text/css')
                                  or mimetype like 'image/%' and file_size <= 51200))"""
    for instance in estate.instances:
        assert psql(leader(estate), instance.database, query) == "0", instance.name


def test_health_of_every_service(estate: Estate) -> None:
    until_whole(estate, 30)


def test_both_instances_answer(estate: Estate) -> None:
    for instance in estate.instances:
        assert access.logged_in(estate, instance).user() == instance.admin_login
