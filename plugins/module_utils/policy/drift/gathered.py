# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tasks of the playbook drift were told on a host, in the form in which it is judged."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Told = Mapping[str, Any]

# What a role registers that says in sentences what it would do: on each host, or once for all.
PARTS = (
    ("docker_engine", "engine", "__docker_engine_result"),
    ("patroni", "postgresql", "__patroni_roles"),
    ("backup", "unit", "__backup_result"),
    ("leases", "unit", "__leases_keeper"),
    ("redis_sentinel", "redis", "__redis_sentinel_state"),
)
SHARED = (
    ("object_storage", "bucket", "__object_storage_result"),
    ("odoo", "odoo_database", "__odoo_roles"),
)
# What else is registered or set, under these names.
SURVEY, COMPARED, UNTOLD, CONTENTS = "estate_host_survey", "estate_compared", "drift_untold", "drift_contents"
CERTIFICATES, VIRTUAL_IP = "__certificates_survey", "__virtual_ip_result"
DYNAMIC, POSTGRESQL, MEMBER_FILE = "__patroni_configuration", "drift_postgresql", "drift_patroni_file"
REDIS, EDGE, EDGE_FILE = "drift_redis", "drift_edge", "drift_routers_file"
DATABASES, MODULES = "__odoo_databases", "drift_modules"
NAMES = (
    *(name for _role, _kind, name in (*PARTS, *SHARED)),
    *(SURVEY, COMPARED, UNTOLD, CONTENTS, CERTIFICATES, VIRTUAL_IP, DYNAMIC, POSTGRESQL, MEMBER_FILE),
    *(REDIS, EDGE, EDGE_FILE, DATABASES, MODULES),
)


def gathered(told: Told, load: Callable[[str], Any]) -> dict[str, Any]:
    """Return what a host said, by NAMES; one that did not answer has nothing. ``load`` reads YAML."""
    survey: Told = _with(told, SURVEY, "survey").get("survey") or {}
    keepalived = _with(told, VIRTUAL_IP, "differences")
    return {
        "contents": _with(told, CONTENTS, "containers"),
        "system": f"{survey.get('system', '')} {survey.get('version', '')}",
        "services": [
            *(told.get(COMPARED) or ()),
            *([{"service": "keepalived", "differences": keepalived["differences"]}] if keepalived else []),
        ],
        "parts": [_part(told, *part) for part in PARTS if part[-1] in told],
        "shared": [_part(told, *part) for part in SHARED if part[-1] in told],
        "instances": list(_instances(told)),
        "untold": list(told.get(UNTOLD) or ()),
        "certificates": _with(told, CERTIFICATES, "work"),
        "patroni": _with(told, DYNAMIC, "patch"),
        "postgresql": _with(told, POSTGRESQL, "settings"),
        "postgresql_declared": {
            **_parameters((_with(told, DYNAMIC, "diff").get("diff") or {}).get("after")),
            **_parameters(_file(told, MEMBER_FILE, load)),
        },
        "redis": _with(told, REDIS, "sentinels"),
        "routers": _with(told, EDGE, "routers").get("routers"),
        "routers_declared": _file(told, EDGE_FILE, load),
    }


def _part(told: Told, role: str, kind: str, name: str) -> dict[str, Any]:
    result: Told = told[name]
    # A task that was skipped, or that failed, has neither.
    return {"role": role, "kind": kind, "actions": result.get("actions") or [], "units": result.get("units") or []}


def _instances(told: Told) -> Iterator[dict[str, Any]]:
    for result in (told.get(DATABASES) or {}).get("results") or ():
        if "differences" in result:
            name, more = result["__odoo_instance"]["name"], result.get("undeclared") or []
            yield {"name": name, "differences": result["differences"], "undeclared": more}
    for result in (told.get(MODULES) or {}).get("results") or ():
        if "modules" in result:
            yield {"name": result["item"], "modules": result["modules"]}


def _with(told: Told, name: str, key: str) -> Told:
    """Return a result where it has what it is read for."""
    result: Told = told.get(name) or {}
    return result if key in result else {}


def _file(told: Told, name: str, load: Callable[[str], Any]) -> Told:
    content = (told.get(name) or {}).get("content")
    found: Told = load(base64.b64decode(content).decode()) if content is not None else {}
    return found


def _parameters(configuration: Told | None) -> Told:
    found: Told = ((configuration or {}).get("postgresql") or {}).get("parameters") or {}
    return found
