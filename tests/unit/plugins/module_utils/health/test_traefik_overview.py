# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an edge has loaded, told from recorded answers of Traefik 3.7.15."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.health.traefik import Edge
from ansible_collections.erpops.estate.plugins.module_utils.health.traefik_overview import overview

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures" / "traefik"
NOW = datetime(2027, 12, 24, 13, 11, 30, tzinfo=UTC)


def recorded(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))


def told(services: str = "services") -> dict[str, Any]:
    edge = Edge(
        "node1", True, "3.7.15", 60.0, recorded("routers.degraded"), recorded(services), recorded("certificates")
    )
    return overview(edge, now=NOW, drained={"http://172.30.77.12:8069"})


def named(rows: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(row for row in rows if row["name"] == name)


def test_a_router_leads_a_rule_to_a_service() -> None:
    router = named(told()["routers"], "north-web")
    assert router == {
        "name": "north-web",
        "rule": "(Host(`north.lab.erpops.test`))",
        "priority": 100,
        "entry_points": ["https"],
        "middlewares": ["secure", "compress"],
        "service": "north-web",
        "status": "enabled",
        "errors": [],
    }


def test_what_traefik_brings_along_is_left_out() -> None:
    found = told()
    assert {row["name"] for row in found["services"]} == {"north-web", "north-gevent", "south-web", "south-gevent"}
    assert "http-to-https" not in {row["name"] for row in found["routers"]}


def test_a_service_tells_the_state_of_each_server() -> None:
    assert named(told()["services"], "north-web") == {
        "name": "north-web",
        "health_path": "/web/health",
        "servers": [
            {"url": "http://172.30.77.11:8069", "status": "UP"},
            {"url": "http://172.30.77.12:8069", "status": "UP"},
        ],
        "used_by": ["north-login", "north-web"],
        "status": "enabled",
        "errors": [],
    }
    down = named(told("services.degraded")["services"], "north-web")
    assert {server["status"] for server in down["servers"]} == {"DOWN"}


def test_a_certificate_tells_how_long_it_lasts() -> None:
    (certificate,) = told()["certificates"]
    assert (certificate["common_name"], certificate["issuer"]) == ("node1", "lab CA")
    assert (certificate["not_after"], certificate["days_left"]) == ("2027-12-25T01:11:30+00:00", 0.5)
    assert "north.lab.erpops.test" in certificate["names"]


def test_what_is_drained_is_told() -> None:
    assert told()["drained"] == ["http://172.30.77.12:8069"]
