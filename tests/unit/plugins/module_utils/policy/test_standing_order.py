# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order in which a host's services go down and come back."""

from __future__ import annotations

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.members import KINDS
from ansible_collections.erpops.estate.plugins.module_utils.policy.standing_order import (
    STOP_ORDER,
    starting,
    stopping,
)

HOST = [
    ("etcd", "etcd"),
    ("odoo_north_jobs", "odoo"),
    ("odoo_north_web", "odoo"),
    ("patroni", "patroni"),
    ("redis", "redis"),
    ("sentinel", "sentinel"),
    ("traefik", "traefik"),
    ("keepalived", "keepalived"),
]


def test_from_the_users_inwards() -> None:
    assert stopping(HOST) == [
        "keepalived",
        "traefik",
        "odoo_north_jobs",
        "odoo_north_web",
        "patroni",
        "redis",
        "sentinel",
        "etcd",
    ]


def test_back_the_other_way() -> None:
    assert starting(HOST) == stopping(HOST)[::-1]


@pytest.mark.parametrize("below", ["patroni", "sentinel"])
def test_nothing_loses_what_it_stands_on(below: str) -> None:
    assert STOP_ORDER.index("odoo") < STOP_ORDER.index(below) < STOP_ORDER.index("etcd")


def test_what_is_not_known_goes_first() -> None:
    assert stopping([*HOST, ("exporter", "exporter")])[0] == "exporter"


def test_every_kind_that_runs_has_its_place() -> None:
    # Of backups nothing runs that could be stopped.
    assert set(STOP_ORDER) == set(KINDS) - {"pgbackrest"}
