"""What runs where, by the collection's own word: every service of every host is asked by its health predicate."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy.declared_services import declared, nobody_made

from tests.estate import site
from tests.estate.world import Estate


@dataclass(frozen=True)
class Seen:
    """One service on one host; ``health`` is "healthy" or the reasons against it."""

    host: str
    service: str
    version: str
    role: str
    health: str


def look(estate: Estate) -> list[Seen]:
    """Return every service of every host, in the order of the hosts; a host that cannot be asked is a row too.

    A service that a host is to have and has no record of is a row as well: nobody else would tell.
    """
    found = site.module("all", "erpops.estate.service_info")
    names = [instance.name for instance in estate.instances]
    return [
        row
        for host in estate.hosts
        for row in rows(host.name, found.get(host.name, {}), declared(host.groups, names, estate.virtual_ip))
    ]


def rows(host: str, result: dict[str, Any], wanted: Collection[str]) -> list[Seen]:
    """Return the rows of one host's answer."""
    if "services" not in result:
        return [Seen(host, "", "", "", str(result.get("msg") or "expected an answer, found none"))]
    made = {entry["service"] for entry in result["services"]}
    missing = [Seen(host, name, "", "", nobody_made(name)) for name in wanted if name not in made]
    return missing + [
        Seen(
            host,
            entry["service"],
            entry["version"],
            entry["role"],
            "healthy" if entry["health"]["ok"] else "; ".join(entry["health"]["reasons"]),
        )
        for entry in result["services"]
    ]


def table(rows: list[Seen]) -> str:
    """Return the rows as text in columns."""
    cells = [("host", "service", "version", "role", "health")]
    cells += [(row.host, row.service, row.version, row.role, row.health) for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(5)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)
