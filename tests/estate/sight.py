"""What runs where, by the collection's own word: every service of every host is asked by its health predicate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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
    """Return every service of every host, in the order of the hosts; a host that cannot be asked is a row too."""
    found = site.module("all", "erpops.estate.service_info")
    return [row for host in estate.hosts for row in rows(host.name, found.get(host.name, {}))]


def rows(host: str, result: dict[str, Any]) -> list[Seen]:
    """Return the rows of one host's answer."""
    if not result.get("services"):
        return [Seen(host, "", "", "", str(result.get("msg") or "no service of the estate runs here"))]
    return [
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
