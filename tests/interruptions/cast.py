"""Who plays which part in an interruption, chosen from the running estate, and the words that points leave open."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy.drill_plan import VICTIMS, Members

from tests.estate import site
from tests.estate.world import Estate, Host
from tests.interruptions import watcher
from tests.interruptions.model import Act, At, Point, Words
from tests.interruptions.points import kind

PROGRAM = Path(watcher.__file__).read_text(encoding="utf-8")


def of_host(host: Host, act: str, **given: Any) -> Any:
    """Have the watcher do one act on a host and return what it says."""
    return json.loads(host.check_output("python3 -c %s %s %s", PROGRAM, act, json.dumps(given)))


def _standbys(members: Members) -> list[str]:
    return [host for host, role in members.of("patroni").items() if role != "leader"]


def _replicas(members: Members) -> list[str]:
    return [host for host, role in members.of("redis").items() if role != "master"]


def _backup_edges(members: Members) -> list[str]:
    return [host for host, role in members.of("keepalived").items() if role != "master"]


def _only_clusters(members: Members) -> list[str]:
    return [host for host in members.of("etcd") if host not in {**members.of("odoo"), **members.of("traefik")}]


# Whom a point is about, beside those whom a drill strikes.
WHOM: Mapping[str, Callable[[Members], Sequence[str]]] = {
    **{who: choose for who, (choose, _remedy) in VICTIMS.items()},
    "asked for postgresql": lambda members: list(members.of("patroni")),
    "first edge": lambda members: list(members.of("traefik")),
    "first odoo": lambda members: list(members.of("odoo")),
    "last odoo": lambda members: list(members.of("odoo"))[::-1],
    "only clusters": _only_clusters,
    "postgresql standby": _standbys,
    "redis replica": _replicas,
    "standby edge": _backup_edges,
}


@dataclass
class Cast:
    """The hosts by part, and the words."""

    estate: Estate
    parts: Mapping[str, Host]
    words: dict[str, Any]

    def told(self, words: Iterable[str]) -> list[str]:
        """Return words with those filled in that were left open."""
        return [word.format(**self.words) for word in words]

    def command(self, act: Act) -> tuple[str, Words]:
        """Return a playbook and its arguments."""
        return act.playbook, tuple(self.told(act.arguments))

    def answers(self, conditions: Sequence[At]) -> list[tuple[bool, str]]:
        """Return the answer to each condition, with who was asked what."""
        answers: dict[int, tuple[bool, str]] = {}
        for part, host in self.parts.items():
            asked = {number: self.told(each.words) for number, each in enumerate(conditions) if each.who == part}
            found = of_host(host, "ask", conditions=list(asked.values())) if asked else []
            for (number, words), (so, seen) in zip(asked.items(), found, strict=True):
                answers[number] = (so, f"{host.name}: {' '.join(words)}: {seen}")
        return [answers[number] for number in range(len(conditions))]

    def since(self, part: str) -> str:
        """Return when the service was started on the host of a part, "" where there is none."""
        asked = ["started", str(self.words["service"]), "since"]
        return str(of_host(self.parts[part], "ask", conditions=[asked])[0][1]) if asked[1] else ""


def seen(estate: Estate) -> Members:
    """Return which service is what to its cluster now."""
    asked = site.module("all", "erpops.estate.service_info")
    return Members({host.name: asked[host.name].get("services") or [] for host in estate.hosts})


def choose(estate: Estate, point: Point, result: Path) -> Cast:
    """Return who plays which part now."""
    members = seen(estate)
    found = WHOM[point.whom](members)
    assert found, f"expected a host that is {point.whom!r}, found none"
    host, edges = estate.host(found[0]), estate.group("edge")
    parts = {
        "host": host,
        "edge": next(each for each in edges if each.name != host.name),
        "peer": next(each for each in estate.group("etcd") if each.name != host.name),
    }
    words = {
        **{part: each.name for part, each in parts.items()},
        "address": host.address,
        "application": estate.group("odoo")[-1].address,
        "edges": [each.name for each in edges],
        "kind": kind(point.service),
        "leader": members.having("patroni", "leader")[0],
        "result": str(result),
        "scenario": point.scenario,
        "service": point.service,
        "standby": _standbys(members)[0],
        "variables": json.dumps(dict(point.variables)),
    }
    return Cast(estate, parts, words)


def measure(cast: Cast, when: str) -> None:
    """Put into the words when the service was started on each host that plays a part."""
    cast.words |= {f"{part}_{when}": cast.since(part) for part in cast.parts}
