"""What runs where, by asking the daemons themselves on every host."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.estate.world import Estate, Host

ON_HOST = Path(__file__).with_name("on_host.py")


@dataclass(frozen=True)
class Seen:
    """One service on one host."""

    host: str
    service: str
    version: str
    role: str
    health: str


def look(estate: Estate) -> list[Seen]:
    """Return every service of every host, in the order of the hosts."""

    def one(host: Host) -> list[Seen]:
        arguments = [host.address, estate.virtual_ip, ",".join(host.groups)]
        rows = json.loads(host.check_output("python3 -c %s %s %s %s", ON_HOST.read_text(encoding="utf-8"), *arguments))
        return [Seen(host.name, *row) for row in rows]

    with ThreadPoolExecutor() as pool:
        return [row for rows in pool.map(one, estate.hosts) for row in rows]


def table(rows: list[Seen]) -> str:
    """Return the rows as text in columns."""
    cells = [("host", "service", "version", "role", "health")]
    cells += [(row.host, row.service, row.version, row.role, row.health) for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(5)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)
