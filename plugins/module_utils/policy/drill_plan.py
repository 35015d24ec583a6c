# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom a drill strikes on an estate as it is now, and why it must not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy.drills import SCENARIOS, Scenario

PRODUCTION = "production"
# Users are watched for so long before the fault, and after it was lifted.
BEFORE_SECONDS, AFTER_SECONDS = 6, 12
# A timer of the host lifts the fault so long after the drill should have.
GRACE_SECONDS = 60

Roles = Mapping[str, str]


class Members:
    """Which service is what to its cluster, on which host."""

    def __init__(self, seen: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        """``seen`` are the services of each host, as erpops.estate.service_info returns them."""
        self._seen = seen

    def of(self, kind: str) -> Roles:
        """Return the role of the service of a kind by host, in the order of the hosts."""
        return {
            host: str(row["role"]) for host in sorted(self._seen) for row in self._seen[host] if row["kind"] == kind
        }

    def having(self, kind: str, role: str) -> list[str]:
        """Return the hosts whose service of a kind has a role."""
        return [host for host, found in self.of(kind).items() if found == role]


def _postgresql(members: Members) -> list[str]:
    return members.having("patroni", "leader")


def _with_etcd(members: Members) -> list[str]:
    return [host for host in _postgresql(members) if host in members.having("etcd", "leader")]


def _without_etcd(members: Members) -> list[str]:
    return [host for host in _postgresql(members) if host not in members.having("etcd", "leader")]


def _standby(members: Members) -> list[str]:
    return [host for host in members.of("patroni") if host not in _postgresql(members)][:1]


def _etcd(members: Members) -> list[str]:
    return members.having("etcd", "leader")


def _etcd_majority(members: Members) -> list[str]:
    """The leader, and as many of the others that the rest is no quorum."""
    leading = _etcd(members)
    others = [host for host in members.of("etcd") if host not in leading]
    total = len(leading) + len(others)
    return (leading + others)[: total - total // 2] if total > 2 else []


def _redis(members: Members) -> list[str]:
    return members.having("redis", "master")


def _sentinel(members: Members) -> list[str]:
    return [host for host in members.of("sentinel") if host not in _redis(members)][:1]


def _edge(members: Members) -> list[str]:
    return members.having("keepalived", "master")


def _odoo(members: Members) -> list[str]:
    """One that does not have the address, so that the edge is not what is measured."""
    hosts = list(members.of("odoo"))
    return sorted(hosts, key=lambda host: host in _edge(members))[:1] if len(hosts) > 1 else []


def _store(members: Members) -> list[str]:
    return list(members.of("object_storage"))[:1]


# Whom a drill strikes, and what to do where there is none.
VICTIMS: Mapping[str, tuple[Callable[[Members], list[str]], str]] = {
    "postgresql leader": (_postgresql, "mend PostgreSQL's cluster"),
    "postgresql leader with etcd's": (
        _with_etcd,
        "stop erpops-leases.timer on the host of etcd's leader, or it parts them, and make PostgreSQL's lead there",
    ),
    "postgresql leader without etcd's": (_without_etcd, "move PostgreSQL's leadership to another host first"),
    "postgresql standby": (_standby, "it takes two members of PostgreSQL's cluster"),
    "etcd leader": (_etcd, "mend etcd"),
    "etcd majority": (_etcd_majority, "it takes three members"),
    "redis master": (_redis, "mend Redis"),
    "sentinel": (_sentinel, "it takes a Sentinel on another host than Redis' master"),
    "odoo": (_odoo, "it takes two hosts of the group odoo"),
    "edge with the address": (_edge, "it takes two hosts of the group edge, and a virtual address"),
    "object store": (_store, "it takes a host of the group object_storage"),
}
# What is cut off from whom: the ports of these services, from the hosts of those.
PEERS = {
    "postgresql leader": (("patroni", "etcd"), ("patroni", "etcd", "odoo")),
    "redis master": (("redis",), ("redis", "sentinel", "odoo")),
}


def plan(name: str, seen: Mapping[str, Sequence[Mapping[str, Any]]], request: Mapping[str, Any]) -> dict[str, Any]:
    """Return what would be done, and under ``refusals`` why it must not.

    ``request`` holds ``environment``, ``allowed`` (empty where the inventory does not say), ``instance``, the
    ``addresses`` of each host by name (a list), their ``ssh_ports``, and the ``ports`` of each kind of service.
    """
    scenario = SCENARIOS.get(name)
    if scenario is None:
        known = "; ".join(f"{each}: {SCENARIOS[each].does}" for each in SCENARIOS)
        return {"refusals": [f"drill_scenario: expected one of those there are, found {name!r}; {known}"]}
    members = Members(seen)
    choose, remedy = VICTIMS[scenario.at]
    victims = choose(members)
    refusals = _refusals(request)
    if not victims:
        refusals.append(f"drill {name}: expected a {scenario.at} to strike, found none; {remedy}")
    return {
        "scenario": name,
        "does": scenario.does,
        "strikes": [_strike(scenario, host, members, request) for host in victims],
        "bounds": dict(scenario.bounds),
        "streams": list(scenario.streams),
        "seconds": scenario.seconds,
        "before_seconds": BEFORE_SECONDS,
        "watch_seconds": BEFORE_SECONDS + scenario.seconds + AFTER_SECONDS,
        "refusals": refusals,
    }


def _refusals(request: Mapping[str, Any]) -> list[str]:
    environment, said = str(request["environment"]), request.get("allowed")
    allowed = environment != PRODUCTION if said in (None, "") else str(said).lower() in ("true", "yes", "on", "1")
    if allowed:
        return []
    found = f"environment {environment}: expected one that allows drills, found one that does not"
    return [f"{found}; estate_drills_allowed: true in the inventory allows them"]


def _strike(scenario: Scenario, host: str, members: Members, request: Mapping[str, Any]) -> dict[str, Any]:
    services, kinds = PEERS[scenario.at] if scenario.fault == "cut_off" else ((), ())
    peers = sorted({peer for kind in kinds for peer in members.of(kind)} - {host})
    return {
        "host": host,
        "fault": scenario.fault,
        "service": scenario.service.format(instance=request.get("instance", "")),
        "peers": sorted({str(address) for peer in peers for address in request["addresses"][peer]}),
        "ports": sorted({int(port) for service in services for port in request["ports"][service]}),
        "ssh_port": int(request["ssh_ports"][host]),
        "lift_after": scenario.seconds + GRACE_SECONDS,
    }
