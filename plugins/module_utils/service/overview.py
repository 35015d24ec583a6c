# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The services of this host, asked as they were asked when they were proven. Reads only."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients.docker_engine import Engine
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError, Refused
from ansible_collections.erpops.estate.plugins.module_utils.clients.systemd import Units
from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict
from ansible_collections.erpops.estate.plugins.module_utils.members import build
from ansible_collections.erpops.estate.plugins.module_utils.members.base import Member
from ansible_collections.erpops.estate.plugins.module_utils.service.gate import leads
from ansible_collections.erpops.estate.plugins.module_utils.service.record import DIRECTORY, Record, recorded
from ansible_collections.erpops.estate.plugins.module_utils.waiting import wait_for


@dataclass(frozen=True)
class Service:
    """One service that this host has a record of."""

    name: str
    kind: str
    params: dict[str, Any]
    unit: bool

    def runtime(self) -> Engine:
        """Return what runs it: the host's engine, or systemd in an engine's terms."""
        return Units(self.name) if self.unit else Engine()

    def member(self) -> Member | None:
        """Return the member to ask, or None for a service that was declared without a health predicate."""
        return build(self.kind, self.params) if self.kind else None


def services(names: Sequence[str] = (), directory: str = DIRECTORY) -> list[Service]:
    """Return the services of these names, or all; raise :class:`Refused` for a name without a record."""
    known = recorded(directory)
    missing = sorted(set(names) - set(known))
    if missing:
        raise Refused(
            f"services {', '.join(missing)} on this host",
            expected=f"a record in {directory}",
            found=f"records of {', '.join(known) or 'nothing'}",
            remedy="run the role that installs the service first",
        )
    found = []
    for name in names or known:
        proven = Record(name, directory).read()
        kind, params = proven.health.get("kind", ""), proven.health.get("params") or {}
        # A container has an id of its own; of a unit the name is recorded.
        found.append(Service(name, kind, params, unit=proven.container == name))
    return found


def standing() -> list[Service]:
    """Return all services whose container or unit is there.

    What was removed by hand cannot be started: its role makes it again, or forgets it.
    """
    return [service for service in services() if service.unit or service.runtime().observe(service.name).container]


def look(service: Service) -> dict[str, Any]:
    """Return what the service is now; whatever does not answer is a reason in its ``health``."""
    running, leading, release = False, False, dict[str, str]()
    try:
        runtime = service.runtime()
        running = runtime.observe(service.name).running
        release = dict(runtime.release(service.name))
        member = service.member()
        verdict = member.health() if member else Verdict(True)
        leading = running and leads(member)
    except (ClientError, OSError, ValueError) as error:
        verdict = Verdict(False, (str(error),))
    if not running:
        stopped = f"{service.name}: expected it to run, found it stopped"
        verdict = replace(verdict, ok=False, reasons=(stopped, *verdict.reasons))
    return {
        "service": service.name,
        "kind": service.kind,
        "image": release.get("image", ""),
        "version": str(verdict.facts.get("version") or release.get("version", "")),
        "running": running,
        "leads": leading,
        "role": str(verdict.facts.get("role", "")),
        "health": verdict.as_dict(),
    }


def look_at_all(found: Sequence[Service]) -> list[dict[str, Any]]:
    """Return :func:`look` of each service; they are asked at the same time since most of it is waiting."""
    with ThreadPoolExecutor(max_workers=max(1, min(len(found), 2 * (os.cpu_count() or 1)))) as pool:
        return list(pool.map(look, found))


def gate(service: Service, phase: str, timeout: float) -> Verdict:
    """Return whether the service may go down now (``before``), or has caught up (``after``), within ``timeout`` s."""
    member = service.member()
    if member is None:
        return Verdict(True, (f"{service.name} was declared without a health predicate",))
    return wait_for(member.may_leave if phase == "before" else member.health, timeout)
