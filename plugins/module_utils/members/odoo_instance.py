# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One instance on this host: what its containers, its database and its sessions say."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients import odoo_records, odoo_sessions
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo import OdooClient
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_host import Container, OdooHost
from ansible_collections.erpops.estate.plugins.module_utils.health import odoo_instance as judge
from ansible_collections.erpops.estate.plugins.module_utils.members.odoo import OdooMember

PROCESSES = ("web", "cron", "jobs")
ACTIVE_SECONDS = 15 * 60
UNKNOWN_REQUESTS = 100


def look(host: OdooHost, *, late_after: int) -> dict[str, Any]:
    """Return everything that can be seen from here; what cannot is left None and said in ``problems``."""
    problems: list[str] = []

    def seen(ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except ClientError as error:
            problems.append(str(error))
            return None

    settings = host.settings()
    info: dict[str, Any] = {
        "name": host.name,
        "database": settings.database,
        "containers": {process: _container(host, process) for process in PROCESSES},
        "sessions": seen(lambda: _sessions(host)),
        "unknown_requests": seen(lambda: _unknown_requests(host)),
        **(seen(lambda: _records(host, late_after)) or dict.fromkeys(("modules", "queue", "scheduled_actions"))),
    }
    web = info["containers"]["web"]
    info |= {"version": web.get("version", ""), "image": web["image"]}
    info["problems"] = [*problems, *judge.objections(info)]
    return info


def _container(host: OdooHost, process: str) -> dict[str, Any]:
    name = f"odoo_{host.name}_{process}"
    found = host.container(process)
    if found is None or found.http is None or not found.running:
        state = "none" if found is None else "one that is stopped"
        return {
            "image": found.image if found else "",
            "shallow": False,
            "deep": False,
            "reasons": [f"{name}: expected a container that runs, found {state}"],
        }
    verdict = OdooMember(_params(host, process, found, found.http)).health()
    return {
        "image": found.image,
        "version": verdict.facts.get("version", ""),
        "role": verdict.facts.get("role", process),
        "shallow": _serves(name, found.http),
        "deep": verdict.ok,
        "reasons": list(verdict.reasons),
    }


def _params(host: OdooHost, process: str, found: Container, http: tuple[str, int]) -> dict[str, Any]:
    settings = host.settings(process)
    return {
        "name": found.name,
        "process": process,
        "address": http[0],
        "http_port": http[1],
        "gevent_port": found.gevent[1] if found.gevent else 0,
        "service_file": str(host.directory / "pg_service.conf"),
        "service": host.name,
        "database": settings.database,
        "application": settings.application,
    }


def _serves(name: str, http: tuple[str, int]) -> bool:
    try:
        return OdooClient(name, *http).serves()
    except ClientError:
        return False


def _sessions(host: OdooHost) -> dict[str, int]:
    settings, now = host.settings(), time.time()
    return {
        "alive": odoo_sessions.count(settings, now - settings.session_lifetime),
        "active": odoo_sessions.count(settings, now - ACTIVE_SECONDS),
    }


def _unknown_requests(host: OdooHost) -> list[dict[str, Any]]:
    noted = judge.unknown_requests(host.unknown_requests())[-UNKNOWN_REQUESTS:]
    names = [request["transaction"] for request in noted if request.get("transaction")]
    if not names:
        return judge.reconciled(noted, ())
    with host.look() as database:
        return judge.reconciled(noted, odoo_records.transactions(database, names))


def _records(host: OdooHost, late_after: int) -> dict[str, Any]:
    with host.look() as database:
        return {
            "modules": judge.modules(odoo_records.modules(database)),
            "queue": judge.queue(odoo_records.queue(database)),
            "scheduled_actions": judge.scheduled_actions(odoo_records.scheduled_actions(database), late_after),
        }
