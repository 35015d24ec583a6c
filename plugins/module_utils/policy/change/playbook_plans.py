# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of each playbook that changes something: its steps in order, on which hosts, why, and for about how long.

Nothing here depends on the clock or on chance: equal inputs make equal plans, so that what was approved is what runs.
Seconds are what a step takes where no earlier run says better (``evidence.estimates``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy.change.site_plan import GROUP_PLANES, no_return, site
from ansible_collections.erpops.estate.plugins.module_utils.policy.planes import PLANES

Given = Mapping[str, Any]
Plan = dict[str, Any]

# By kind of service: its plane, seconds until one member is restarted and has caught up, and of those the seconds in
# which users wait.
SERVICES: Mapping[str, tuple[str, int, int]] = {
    "etcd": ("data", 30, 0),
    "patroni": ("data", 60, 10),
    "redis": ("data", 30, 5),
    "sentinel": ("data", 30, 0),
    "object_storage": ("data", 30, 10),
    "image_registry": ("management", 30, 0),
    "odoo": ("application", 180, 0),
    "traefik": ("edge", 60, 0),
    "keepalived": ("edge", 30, 1),
}
UNKNOWN = ("", 60, 10)
# What moves a leadership of PostgreSQL costs those who write.
SWITCH_SECONDS, WAIT_SECONDS = 30, 10


def planned(playbook: str, given: Given) -> Plan:
    """Return the plan of a playbook, as the change gate takes it; raise ValueError for a playbook that has none."""
    make = PLANS.get(playbook)
    if make is None:
        raise ValueError(f"expected a playbook that plans ({', '.join(sorted(PLANS))}), found {playbook!r}")
    return {"change": str(given.get("change") or ""), **make(given)}


def with_no_return(plan: Given) -> Plan:
    """Return the plan with the step from which there is only forward, where its versions make one of any."""
    if str(plan["playbook"]).split()[:1] != ["site"]:
        return dict(plan)
    name, why = no_return(plan)
    steps = [{**step, "reason": why if step["name"] == name else ""} for step in plan["steps"]]
    return {**plan, "steps": steps, "no_return": name}


def rolling_restart(given: Given) -> Plan:
    """Return a step for each member of each service, those that lead last; ``seen`` has the services by host."""
    steps, kinds = [], []
    for name in dict.fromkeys(given["services"]):
        rows = [(host, row) for host, found in given["seen"].items() for row in found if row["service"] == name]
        for host, row in sorted(rows, key=lambda pair: bool(pair[1]["leads"])):
            kinds.append(str(row["kind"]))
            steps.append(
                {
                    "name": member(name, host),
                    "hosts": [host],
                    "instances": _instances_of(name, given["instances"]),
                    "reason": "leads, so it goes last" if row["leads"] else "",
                    "seconds": SERVICES.get(kinds[-1], UNKNOWN)[1],
                    "undo": "it is started again as it was",
                }
            )
    return {
        "playbook": "rolling_restart",
        "steps": steps,
        "outage_seconds": max((SERVICES.get(kind, UNKNOWN)[2] for kind in kinds), default=0),
        "touches": _touches(steps, [plane for kind in kinds for plane in _planes_of(kind)]),
    }


def member(service: str, host: str) -> str:
    """Return the name of the step that restarts a service on a host."""
    return f"{service} on {host}"


def switchover(given: Given) -> Plan:
    """Return the one step that moves PostgreSQL's leadership; ``to`` is empty where any standby will do."""
    step = {
        "name": "move the leadership",
        "hosts": list(given["hosts"]),
        "instances": list(given["instances"]),
        "seconds": SWITCH_SECONDS,
        "undo": f"switch over to {given['leader']} again",
    }
    return {
        "playbook": "switchover",
        "steps": [step],
        "before": {"leader": str(given["leader"])},
        "after": {"leader": str(given.get("to") or "") or "the standby that is furthest"},
        "outage_seconds": WAIT_SECONDS,
        "touches": _touches([step], ["data"]),
    }


def host_out(given: Given) -> Plan:
    """Return how a host leaves: its Odoo drained at the ``edges``, then everything on it stopped."""
    host, edges = str(given["host"]), list(given["edges"])
    back = f"put {host} back by host_in"
    drain = {"name": f"drain {host}", "hosts": edges, "seconds": 30, "undo": back}
    stop = {"name": f"stop {host}", "hosts": [host], "reason": str(given["reason"]), "seconds": 180, "undo": back}
    return {
        "playbook": "host_out",
        **_of_host(given["groups"], given["instances"], [drain, stop] if edges else [stop]),
        "before": {host: "in service"},
        "after": {host: f"out of service for {int(given['minutes'])} min"},
    }


def host_in(given: Given) -> Plan:
    """Return how a host comes back: everything started, then requests let through at the ``edges``."""
    host, edges = str(given["host"]), list(given["edges"])
    away = f"take {host} out again by host_out"
    start = {"name": f"start {host}", "hosts": [host], "seconds": 180, "undo": away}
    if given.get("abandon"):
        start |= {"reason": "if it does not answer, it is forgotten that it is out, and it cannot be taken out again"}
    let = {"name": f"send requests to {host}", "hosts": edges, "seconds": 30, "undo": away}
    return {
        "playbook": "host_in",
        **_of_host(given["groups"], given["instances"], [start, let] if edges else [start]),
        "before": {host: "out of service"},
        "after": {host: "in service"},
        "no_return": start["name"] if given.get("abandon") else "",
    }


def drill(given: Given) -> Plan:
    """Return the strike of a drill; ``drill`` is what ``drill_plan`` says."""
    found = given["drill"]
    strikes = [f"{one['fault']} {one['service']}".strip() for one in found["strikes"]]
    lifted = max((int(one["lift_after"]) for one in found["strikes"]), default=0)
    step = {
        "name": f"strike: {', '.join(dict.fromkeys(strikes))}",
        "hosts": [one["host"] for one in found["strikes"]],
        "instances": list(given["instances"]),
        "reason": str(found["does"]),
        # Beside the time in which users are watched: an account for them, the fault, and the estate that mends itself.
        "seconds": int(found["watch_seconds"]) + 60,
        "undo": f"a timer of the host lifts it after {lifted} s",
    }
    return {
        "playbook": f"drill {found['scenario']}",
        "steps": [step],
        "outage_seconds": math.ceil(max(found["bounds"].values(), default=0)),
        "rollback_seconds": lifted,
        "touches": _touches([step], PLANES),
    }


def _of_host(groups: Collection[str], instances: Iterable[str], steps: Sequence[Plan]) -> Plan:
    """Return what both ways of a host have: it may carry something of each instance."""
    steps = [{**step, "instances": list(instances)} for step in steps]
    moves = "patroni" in groups
    return {
        "steps": steps,
        "outage_seconds": WAIT_SECONDS if moves else 0,
        "touches": _touches(steps, [GROUP_PLANES[group] for group in groups if group in GROUP_PLANES]),
    }


def _instances_of(service: str, instances: Sequence[str]) -> list[str]:
    """Return whose service it is; one that belongs to none in particular is everybody's."""
    named = [name for name in instances if service.startswith(f"odoo_{name}_")]
    return [max(named, key=len)] if named else list(instances)


def _planes_of(kind: str) -> Sequence[str]:
    return [SERVICES[kind][0]] if kind in SERVICES else PLANES


def _touches(steps: Iterable[Given], planes: Iterable[str]) -> dict[str, list[str]]:
    """Return what of the estate is concerned: the change has to name no less."""
    found = set(planes)
    instances = dict.fromkeys(name for step in steps for name in step["instances"])
    return {"instances": list(instances), "planes": [plane for plane in PLANES if plane in found]}


PLANS: Mapping[str, Callable[[Given], Plan]] = {
    "site": site,
    "rolling_restart": rolling_restart,
    "switchover": switchover,
    "host_out": host_out,
    "host_in": host_in,
    "drill": drill,
}
