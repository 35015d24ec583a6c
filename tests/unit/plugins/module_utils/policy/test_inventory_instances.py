# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory import findings

from tests.unit.plugins.module_utils.policy.inventories import INSTANCES, everywhere, inventory, texts

WHERE = "group_vars/all/instances.yml:2: "


def problems(north: dict[str, Any], south: dict[str, Any] | None = None, **secrets: Any) -> list[str]:
    instances = copy.deepcopy(INSTANCES)
    instances[0].update(north)
    instances[1].update(south or {})
    return texts(findings(inventory(everywhere(estate_instances=instances, **secrets))))


def secrets_of(*names: str) -> dict[str, Any]:
    from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_secrets import INSTANCE_SECRETS

    return {name: {key: f"{name} {key}" for key in INSTANCE_SECRETS} for name in names}


@pytest.mark.parametrize(
    ("north", "expected"),
    [
        ({"database": "south"}, "share the database 'south'"),
        ({"bucket": "south-attachments"}, "north and south share the bucket 'south-attachments'"),
        ({"host_names": ["north.example.com", "south.example.com"]}, "share the host name 'south.example.com'"),
        ({"host_names": ["SOUTH.example.com"]}, "share the host name 'south.example.com'"),
        ({"redis_prefix": "south:"}, "share keys in Redis"),
        ({"redis_prefix": "south:x:"}, "share keys in Redis"),
        ({"redis_prefix": "s"}, "share keys in Redis"),
        ({"http_port": 8169}, "north.http_port and south.http_port share the port 8169"),
        ({"http_port": 8172}, "north.http_port and south.gevent_port share the port 8172"),
        ({"gevent_port": 8069}, "north.http_port and north.gevent_port share the port 8069"),
        ({"gevent_port": 8082}, "8082 is the port of the edge's metrics"),
        ({"http_port": 80}, "80 is not a port"),
        ({"http_port": 0}, "0 is not a port"),
        ({"http_port": "8069"}, "'8069' is not a port"),
        ({"http_port": True}, "True is not a port"),
        ({"http_port": 70000}, "70000 is not a port"),
        ({"workers": 0}, "0 workers"),
        ({"workers": -1}, "-1 workers"),
        ({"workers": True}, "True workers"),
        ({"host_names": []}, "no host name"),
        ({"host_names": ["north"]}, "'north' is not a fully qualified host name"),
        ({"host_names": ["https://north.example.com"]}, "is not a fully qualified host name"),
        ({"host_names": ["north.example.com:443"]}, "is not a fully qualified host name"),
        ({"host_names": ["-north.example.com"]}, "is not a fully qualified host name"),
        ({"host_names": ["no_rth.example.com"]}, "is not a fully qualified host name"),
        ({"bucket": "No"}, "'No' is not a valid bucket name"),
        ({"bucket": "north_files"}, "'north_files' is not a valid bucket name"),
        ({"bucket": "north..files"}, "is not a valid bucket name"),
        ({"database": "postgres"}, "'postgres' cannot be the name of the database"),
        ({"database": "North"}, "'North' cannot be the name of the database"),
    ],
)
def test_an_instance_that_is_wrong(north: dict[str, Any], expected: str) -> None:
    found = problems(north)
    assert len(found) == 1
    assert expected in found[0]
    assert found[0].startswith(WHERE + "estate_instances.")


@pytest.mark.parametrize(
    "north",
    [
        {"database": "north_2026"},
        {"bucket": "north.files-1"},
        {"redis_prefix": "sou:"},
        {"redis_prefix": "north2:"},
        {"http_port": None, "gevent_port": None},
        {"http_port": 1024},
        {"workers": 1},
        {"workers": None},
        {"host_names": ["north.example.com", "www.north.example.com"]},
        {"host_names": ["xn--nrd-0na.example.com"]},
    ],
)
def test_an_instance_that_is_right(north: dict[str, Any]) -> None:
    assert problems(north) == []


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("a", True),
        ("a" * 31, True),
        ("n1", True),
        ("a" * 32, False),
        ("", False),
        ("1n", False),
        ("North", False),
        ("no-rth", False),
        ("_north", False),
        ("north ", False),
        ("postgres", False),
        ("default", False),
        ("pg_north", False),
        ("pgnorth", True),
    ],
)
def test_names(name: str, right: bool) -> None:
    found = problems({"name": name, "bucket": "north"}, estate_instance_secrets=secrets_of(name, "south"))
    assert [text for text in found if f"estate_instances{'.' + name if name else '[0]'}.name" in text] == found
    assert (found == []) == right


def test_the_default_bucket_of_a_name_with_an_underscore_is_no_bucket() -> None:
    found = problems({"name": "no_rth"}, estate_instance_secrets=secrets_of("no_rth", "south"))
    assert len(found) == 1
    assert "'no_rth-attachments' is not a valid bucket name. Set bucket to" in found[0]


def test_two_instances_of_one_name_are_told_once() -> None:
    found = problems({"name": "south"}, estate_instance_secrets=secrets_of("south"))
    assert [text for text in found if "share" in text] == [
        WHERE + "estate_instances.name: south and south share the name 'south'. Give each its own."
    ]


@pytest.mark.parametrize(
    ("instances", "expected"),
    [
        ("north", "estate_instances: it is not a list"),
        ({"north": {}}, "estate_instances: it is not a list"),
        (["north"], "estate_instances[0]: it is not a mapping"),
    ],
)
def test_a_list_that_is_none(instances: Any, expected: str) -> None:
    found = texts(findings(inventory(everywhere(estate_instances=instances, estate_instance_secrets={}))))
    assert any(expected in text for text in found)


def test_two_instances_with_default_ports_collide() -> None:
    found = problems({"http_port": None, "gevent_port": None}, {"http_port": None, "gevent_port": None})
    assert len(found) == 2
