# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tasks were told comes into the form in which it is judged, whatever of it there is."""

from __future__ import annotations

import base64
from typing import Any

import yaml
from ansible_collections.erpops.estate.plugins.module_utils.policy.drift import gathered as model
from ansible_collections.erpops.estate.plugins.module_utils.policy.drift.gathered import gathered


def file(content: dict[str, Any]) -> dict[str, str]:
    return {"content": base64.b64encode(yaml.safe_dump(content).encode()).decode()}


def settings(**parameters: str) -> dict[str, Any]:
    return {"postgresql": {"parameters": parameters}}


def test_a_host_that_did_not_answer_has_nothing() -> None:
    assert gathered({}, yaml.safe_load) == {
        "contents": {},
        "system": " ",
        "services": [],
        "parts": [],
        "shared": [],
        "instances": [],
        "untold": [],
        "certificates": {},
        "patroni": {},
        "postgresql": {},
        "postgresql_declared": {},
        "redis": {},
        "routers": None,
        "routers_declared": {},
    }


def test_what_failed_or_was_skipped_says_nothing() -> None:
    skipped = {"skipped": True, "changed": False}
    told = {name: skipped for name in model.NAMES if name not in (model.COMPARED, model.UNTOLD)}
    found = gathered(told, yaml.safe_load)
    assert [part["actions"] for part in (*found.pop("parts"), *found.pop("shared"))] == [[]] * 7
    nothing = gathered({}, yaml.safe_load)
    assert found == {key: nothing[key] for key in found}


def test_everything_that_was_told_is_there() -> None:
    contents: dict[str, Any] = {"containers": []}
    info: dict[str, Any] = {"sentinels": []}
    survey: dict[str, Any] = {"work": []}
    dynamic = {"patch": {}, "diff": {"after": settings(jit="off", work_mem="4MB")}}
    told = {
        "estate_host_survey": {"survey": {"system": "debian", "version": "12"}},
        "estate_compared": [{"service": "etcd", "differences": []}],
        "__virtual_ip_result": {"differences": ["x"]},
        "__leases_keeper": {"actions": ["enabled a"], "units": ["/etc/a"]},
        "__odoo_roles": {"actions": ["role north: made"]},
        "__odoo_databases": {
            "results": [
                {"__odoo_instance": {"name": "north"}, "differences": ["d"], "undeclared": ["p"]},
                {"skipped": True},
            ]
        },
        "drift_modules": {"results": [{"item": "north", "modules": {"base": {}}}, {"failed": True, "item": "south"}]},
        "drift_untold": [{"role": "etcd"}],
        "drift_contents": contents,
        "drift_redis": info,
        "__certificates_survey": survey,
        "__patroni_configuration": dynamic,
        "drift_postgresql": {"settings": {}},
        "drift_patroni_file": file(settings(work_mem="8MB")),
        "drift_edge": {"routers": []},
        "drift_routers_file": file({"http": {}}),
    }
    assert gathered(told, yaml.safe_load) == {
        "contents": contents,
        "system": "debian 12",
        "services": [{"service": "etcd", "differences": []}, {"service": "keepalived", "differences": ["x"]}],
        "parts": [{"role": "leases", "kind": "unit", "actions": ["enabled a"], "units": ["/etc/a"]}],
        "shared": [{"role": "odoo", "kind": "odoo_database", "actions": ["role north: made"], "units": []}],
        "instances": [
            {"name": "north", "differences": ["d"], "undeclared": ["p"]},
            {"name": "north", "modules": {"base": {}}},
        ],
        "untold": [{"role": "etcd"}],
        "certificates": survey,
        "patroni": dynamic,
        "postgresql": {"settings": {}},
        # What the member's own file says wins.
        "postgresql_declared": {"jit": "off", "work_mem": "8MB"},
        "redis": info,
        "routers": [],
        "routers_declared": {"http": {}},
    }
