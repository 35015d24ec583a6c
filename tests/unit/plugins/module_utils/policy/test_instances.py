# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.instances import VARIABLES, Instance, instances

DEFAULTS = {
    "odoo_workers": 0,
    "odoo_cron_threads": 1,
    "odoo_job_workers": 2,
    "odoo_memory_mb": {"web": 0, "cron": 500, "jobs": 0},
    "odoo_cpus": {"web": 0, "cron": 0, "jobs": 1},
    "odoo_mail": {"host": "mail.example.com", "port": 25},
    "odoo_languages": ["en_US"],
    "odoo_parameters": {"a": "1"},
    "odoo_admin_login": "admin",
    "odoo_options": {},
}
NORTH = {"name": "north", "host_names": ["north.example.com", "www.north.example.com"]}


def test_every_variable_has_a_default_here() -> None:
    assert set(DEFAULTS) == set(VARIABLES)


def test_an_entry_with_nothing_but_its_name() -> None:
    assert Instance.of(NORTH, DEFAULTS).as_dict() == {
        "name": "north",
        "host_names": ["north.example.com", "www.north.example.com"],
        "url": "https://north.example.com",
        "database": "north",
        "bucket": "north-attachments",
        "redis_prefix": "north:",
        "modules": [],
        "http_port": 8069,
        "gevent_port": 8072,
        "workers": 0,
        "cron_threads": 1,
        "job_workers": 2,
        "memory_mb": {"web": 0, "cron": 500, "jobs": 0},
        "cpus": {"web": 0, "cron": 0, "jobs": 1},
        "mail": {"host": "mail.example.com", "port": 25},
        "languages": ["en_US"],
        "parameters": {"a": "1"},
        "admin_login": "admin",
        "options": {},
    }


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"database": "n"}, {"database": "n", "bucket": "north-attachments"}),
        ({"bucket": "b", "redis_prefix": "n/"}, {"bucket": "b", "redis_prefix": "n/"}),
        ({"http_port": 8169}, {"http_port": 8169, "gevent_port": 8072}),
        ({"workers": 4, "job_workers": 1}, {"workers": 4, "job_workers": 1, "cron_threads": 1}),
        (
            {"workers": None, "database": None, "http_port": None},
            {"workers": 0, "database": "north", "http_port": 8069},
        ),
        # A mapping adds to the role's, key by key; a list stands for itself.
        ({"memory_mb": {"web": 900}}, {"memory_mb": {"web": 900, "cron": 500, "jobs": 0}}),
        ({"mail": {"port": 587}}, {"mail": {"host": "mail.example.com", "port": 587}}),
        ({"parameters": {"b": "2"}}, {"parameters": {"a": "1", "b": "2"}}),
        ({"languages": ["fr_BE"]}, {"languages": ["fr_BE"]}),
        ({"host_names": "one.example.com"}, {"host_names": ["one.example.com"], "url": "https://one.example.com"}),
    ],
)
def test_what_an_entry_says_goes_before(given: dict[str, Any], expected: dict[str, Any]) -> None:
    found = Instance.of({**NORTH, **given}, DEFAULTS).as_dict()
    assert {key: found[key] for key in expected} == expected


def test_filled_once_is_filled_for_good() -> None:
    once = Instance.of({**NORTH, "memory_mb": {"web": 900}, "workers": 3}, DEFAULTS)
    assert Instance.of(once.as_dict(), DEFAULTS) == once


def test_what_is_no_entry_is_left_to_validation() -> None:
    assert instances(["north", NORTH, None]) == [Instance.of(NORTH)]
    assert instances(None) == instances("north") == instances(5) == instances({"north": {}}) == []
