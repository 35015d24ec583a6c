# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole estate at a glance: what every host said, and what of it is not as desired."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy.declared_services import IMAGES, nobody_made

# Planes from the user downwards, with the kinds of services that stand on them.
PLANES = {
    "Edge": ("traefik", "keepalived"),
    "Application": ("odoo",),
    "Sessions": ("redis", "sentinel"),
    "Database": ("patroni", "etcd"),
    "Storage": ("object_storage", "image_registry"),
}
OTHER = "Other"
LEADING = ("leader", "master")


@dataclass(frozen=True)
class Row:
    """One service on one host, as it is shown."""

    host: str
    service: str
    kind: str
    role: str
    version: str
    image: str
    lag: str
    ok: bool
    reasons: tuple[str, ...]

    @property
    def leads(self) -> bool:
        """Return whether the member leads its cluster, or has the virtual address."""
        return self.role in LEADING

    @property
    def plane(self) -> str:
        """Return the plane the service stands on."""
        return next((plane for plane, kinds in PLANES.items() if self.kind in kinds), OTHER)


@dataclass(frozen=True)
class Status:
    """What was seen in one look.

    ``rows`` are sorted by host and service, ``certificates`` are days left by host and purpose, ``backups`` and
    ``leases`` as their modules return them, ``findings`` sentences about what is not as desired.
    """

    estate: str
    seen_at: str
    virtual_ip: str
    rows: tuple[Row, ...]
    certificates: tuple[tuple[str, str, int], ...]
    backups: tuple[Mapping[str, Any], ...]
    leases: tuple[Mapping[str, Any], ...]
    hosts: tuple[str, ...]
    findings: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Return whether everything is as desired."""
        return not self.findings


def gather(seen: Mapping[str, Mapping[str, Any]], estate: Mapping[str, Any]) -> Status:
    """Return the status from what each host answered.

    ``seen`` holds by host the results ``services``, ``certificates`` (their ends by purpose, ISO 8601), ``backups`` and
    ``leases`` as far as they were asked for, ``backups_untold``, why it could not tell of backups, and ``troubles``,
    what else is wrong; a host that could not be reached has none of them. ``declared`` are the services it is to have,
    with their kinds. ``estate`` holds ``name``, ``seen_at`` (ISO 8601 with offset), ``virtual_ip``, ``images`` (by the
    names of estate_images), ``renew_before_days``, and ``backed_up``, whether some host is to know of backups.
    """
    rows = tuple(row for host in sorted(seen) for row in _all_rows(host, seen[host]))
    now = datetime.fromisoformat(estate["seen_at"])
    certificates = tuple(
        (host, purpose, (datetime.fromisoformat(not_after) - now).days)
        for host in sorted(seen)
        for purpose, not_after in sorted((seen[host].get("certificates") or {}).items())
    )
    status = Status(
        estate=str(estate["name"]),
        seen_at=str(estate["seen_at"]),
        virtual_ip=str(estate.get("virtual_ip") or ""),
        rows=rows,
        certificates=certificates,
        backups=_first(seen, "backups"),
        leases=_first(seen, "leases"),
        hosts=tuple(sorted(seen)),
    )
    return replace(status, findings=tuple(_findings(status, seen, estate)))


def _first(seen: Mapping[str, Mapping[str, Any]], what: str) -> tuple[Mapping[str, Any], ...]:
    """Return what the first host that knows says: leases and backups are the whole cluster's."""
    return next((tuple(seen[host][what]) for host in sorted(seen) if seen[host].get(what)), ())


def _all_rows(host: str, answers: Mapping[str, Any]) -> list[Row]:
    services = answers.get("services")
    # Of a host that gave no answer nothing is known, one way or the other.
    if services is None:
        return []
    found = {row.service: row for row in _rows(host, services)}
    missing = {name: kind for name, kind in (answers.get("declared") or {}).items() if name not in found}
    made = [Row(host, name, kind, "", "", "", "", False, (nobody_made(name),)) for name, kind in missing.items()]
    return sorted([*found.values(), *made], key=lambda row: row.service)


def _rows(host: str, services: Sequence[Mapping[str, Any]]) -> Iterator[Row]:
    for entry in services:
        health = entry["health"]
        lag = health.get("facts", {}).get("lag")
        yield Row(
            host=host,
            service=str(entry["service"]),
            kind=str(entry["kind"]),
            role=str(entry["role"]).replace("_", " "),
            version=str(entry["version"]),
            image=str(entry["image"]),
            lag="" if lag is None else str(lag),
            ok=bool(health["ok"]),
            reasons=tuple(health["reasons"]),
        )


def _findings(status: Status, seen: Mapping[str, Mapping[str, Any]], estate: Mapping[str, Any]) -> Iterator[str]:
    for host in sorted(seen):
        if seen[host].get("services") is None:
            yield f"{host}: expected an answer, found none; it is unreachable"
    yield from _troubles(seen)
    if estate.get("backed_up") and all(answers.get("backups") is None for answers in seen.values()):
        why = [f"{host}: {seen[host]['backups_untold']}" for host in sorted(seen) if seen[host].get("backups_untold")]
        yield f"backups: expected a host to tell of them, found none{''.join(f'; {reason}' for reason in why)}"
    for row in status.rows:
        yield from (f"{row.host}: {reason}" for reason in (() if row.ok else row.reasons or (f"{row.service} is ill",)))
    yield from _other_images(status.rows, estate.get("images") or {})
    for host, purpose, days in status.certificates:
        if days < int(estate.get("renew_before_days") or 0):
            yield f"{host}: the certificate for {purpose} ends in {days} days; run the role certificates"


def _troubles(seen: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield what is wrong; what is the cluster's is said by the first host alone."""
    said: set[str] = set()
    for host in sorted(seen):
        for trouble in seen[host].get("troubles") or ():
            if trouble not in said:
                said.add(trouble)
                yield f"{host}: {trouble}"


def _other_images(rows: Sequence[Row], images: Mapping[str, str]) -> Iterator[str]:
    for row in rows:
        wanted = images.get(IMAGES.get(row.kind, ""), "")
        # An image that came as an archive runs by its id, which is no digest to compare.
        if wanted and "@" in row.image and row.image.rpartition("@")[2] != wanted.rpartition("@")[2]:
            yield f"{row.host}: expected {row.service} to run {short(wanted)}, found {short(row.image)}; run its role"


def short(image: str) -> str:
    """Return an image's digest as people quote it: twelve digits; another reference as it is."""
    name, separator, digest = image.rpartition("sha256:")
    return digest[:12] if separator and len(digest) == 64 else f"{name}{separator}{digest}"


def lines(status: Status) -> list[str]:
    """Return the status for a terminal: a table, and under it what is not as desired."""
    head = ("HOST", "SERVICE", "ROLE", "VERSION", "IMAGE", "LAG", "HEALTH")
    cells = [head]
    for row in status.rows:
        health = "healthy" if row.ok else "ILL"
        cells.append((row.host, row.service, row.role, row.version, short(row.image), row.lag, health))
    widths = [max(len(line[column]) for line in cells) for column in range(len(head))]
    shown = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    shown.append("")
    soonest = min(status.certificates, key=lambda entry: entry[2], default=None)
    if soonest:
        shown.append(f"Certificates: the first to end is {soonest[1]} on {soonest[0]}, in {soonest[2]} days")
    for backup in status.backups[-1:]:
        shown.append(f"Newest backup: {backup['label']}, {backup['type']}, {float(backup['age_hours']):.1f} hours old")
    for lease in status.leases:
        held = f"held by {lease['owner']} ({lease['reason']}) until {lease['expires_at']}"
        shown.append(f"Lease {lease['kind']} {lease['name']}, {held}")
    if status.findings:
        shown += ["Not as desired:", *(f"  {finding}" for finding in status.findings)]
    else:
        shown.append("Everything is as desired.")
    return shown
