# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status of an estate as a page: the topology drawn, then the tables behind it."""

from __future__ import annotations

from html import escape

from ansible_collections.erpops.estate.plugins.module_utils.evidence.page import (
    Markup,
    Table,
    mapping_table,
    page,
    verdict,
)
from ansible_collections.erpops.estate.plugins.module_utils.evidence.status import OTHER, PLANES, Row, Status, short

# Sizes of the drawing, in its own units.
LEFT, COLUMN, PILL, GAP, TOP = 96, 210, 24, 6, 84
# Characters that fit into a service's box.
LONGEST = 30


def render(status: Status) -> str:
    """Return the page."""
    well = "Everything is as desired." if status.ok else f"{len(status.findings)} things are not as desired."
    sections = [
        ("", verdict(well, well=status.ok, details=status.findings)),
        ("Topology", topology(status)),
        ("Services", _services(status)),
    ]
    if status.backups:
        sections.append(
            ("Backups", mapping_table(status.backups, ("label", "type", "age_hours", "started_at", "size_bytes")))
        )
    if status.leases:
        sections.append(("Leases", mapping_table(status.leases, ("kind", "name", "owner", "reason", "expires_at"))))
    if status.certificates:
        sections.append(("Certificates", Table(("Host", "Purpose", "Days left"), status.certificates).markup()))
    return page(f"Estate {status.estate}", f"seen {status.seen_at}", sections)


def topology(status: Status) -> Markup:
    """Draw hosts as columns and planes as rows; who leads and who is ill can be told without colour."""
    planes = [(plane, [row for row in status.rows if row.plane == plane]) for plane in (*PLANES, OTHER)]
    planes = [(plane, rows) for plane, rows in planes if rows]
    width = LEFT + COLUMN * len(status.hosts)
    shapes, top = [], TOP
    places: dict[str, int] = {host: LEFT + COLUMN * index for index, host in enumerate(status.hosts)}
    for host, left in places.items():
        shapes.append(f'<text x="{left + 4}" y="{TOP - 12}" font-weight="600">{escape(host)}</text>')
    if status.virtual_ip:
        shapes.append(_way(status, places))
    for plane, rows in planes:
        by_host = {host: [row for row in rows if row.host == host] for host in status.hosts}
        height = max(len(found) for found in by_host.values()) * (PILL + GAP) + GAP
        shapes.append(f'<line class="plane" x1="0" x2="{width}" y1="{top}" y2="{top}"/>')
        shapes.append(f'<text class="soft" x="8" y="{top + 22}">{escape(plane)}</text>')
        for host, found in by_host.items():
            shapes += [_pill(row, places[host], top + GAP + index * (PILL + GAP)) for index, row in enumerate(found)]
        top += height
    label = f"{len(status.hosts)} hosts, {len(status.rows)} services, {sum(not row.ok for row in status.rows)} ill"
    return Markup(
        f'<svg viewBox="0 0 {width} {top + 4}" role="img" aria-label="{escape(label)}">{"".join(shapes)}</svg>'
    )


def _way(status: Status, places: dict[str, int]) -> str:
    """Draw the way from the users through the virtual address to the edge that has it."""
    holder = next((row.host for row in status.rows if row.kind == "keepalived" and row.leads), None)
    if holder is None:
        return f'<text x="8" y="24">users → {escape(status.virtual_ip)}, which no edge has</text>'
    x = places[holder] + 4
    return (
        f'<text x="{x}" y="24">users → {escape(status.virtual_ip)}</text>'
        f'<path class="way" d="M {x + 20} 32 V {TOP - 28} m -5 -7 l 5 7 l 5 -7"/>'
    )


def _pill(row: Row, left: int, top: int) -> str:
    mark = "ill" if not row.ok else "lead" if row.leads else ""
    role = f" · {row.role}" if row.role and row.role not in row.service else ""
    text = f"{'' if row.ok else '✗ '}{row.service}{role}"
    text = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
    return (
        f"<g><title>{escape(row.service)} on {escape(row.host)}: {escape('; '.join(row.reasons) or 'healthy')}</title>"
        f'<rect class="pill {mark}" x="{left}" y="{top}" width="{COLUMN - 14}" height="{PILL}" rx="6"/>'
        f'<text x="{left + 8}" y="{top + 16}">{escape(text)}</text></g>'
    )


def _services(status: Status) -> Markup:
    head = ("Host", "Service", "Role", "Version", "Image", "Lag", "Health")
    rows = [
        (
            row.host,
            row.service,
            row.role,
            row.version,
            Markup(f'<code title="{escape(row.image)}">{escape(short(row.image))}</code>'),
            row.lag,
            "healthy" if row.ok else "; ".join(row.reasons),
        )
        for row in status.rows
    ]
    return Table(head, rows, ["" if row.ok else "ill" for row in status.rows]).markup()
