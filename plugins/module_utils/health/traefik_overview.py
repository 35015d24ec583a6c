# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an edge routes, where to and with which certificates, told for who looks at it. Pure."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.health.traefik import Edge, Entry, listed_servers

DAY = 86400.0


def overview(edge: Edge, *, now: datetime, drained: Collection[str] = ()) -> dict[str, Any]:
    """Return everything that this edge has loaded; what Traefik brings along itself is left out."""
    return {
        "version": edge.version,
        "takes_requests": edge.takes_requests,
        "routers": [_router(entry) for entry in edge.routers if _ours(entry)],
        "services": [_service(entry) for entry in edge.services if _ours(entry)],
        "drained": sorted(drained),
        "certificates": [_certificate(entry, now) for entry in edge.certificates],
    }


def _ours(entry: Entry) -> bool:
    return entry.get("provider") != "internal"


def _name(entry: Entry) -> str:
    return str(entry.get("name", "")).partition("@")[0]


def _router(entry: Entry) -> dict[str, Any]:
    return {
        "name": _name(entry),
        "rule": entry.get("rule", ""),
        "priority": entry.get("priority", 0),
        "entry_points": list(entry.get("entryPoints") or ()),
        "middlewares": [str(name).partition("@")[0] for name in entry.get("middlewares") or ()],
        "service": entry.get("service", ""),
        "status": entry.get("status", ""),
        "errors": list(entry.get("error") or ()),
    }


def _service(entry: Entry) -> dict[str, Any]:
    status = entry.get("serverStatus") or {}
    return {
        "name": _name(entry),
        "health_path": ((entry.get("loadBalancer") or {}).get("healthCheck") or {}).get("path", ""),
        "servers": [{"url": url, "status": status.get(url, "")} for url in sorted(listed_servers(entry))],
        "used_by": [str(name).partition("@")[0] for name in entry.get("usedBy") or ()],
        "status": entry.get("status", ""),
        "errors": list(entry.get("error") or ()),
    }


def _certificate(entry: Entry, now: datetime) -> dict[str, Any]:
    ends = datetime.fromisoformat(str(entry.get("notAfter", "")))
    return {
        "common_name": entry.get("commonName", ""),
        "names": list(entry.get("sans") or ()),
        "issuer": entry.get("issuerCN", ""),
        "fingerprint": entry.get("certFingerprint", ""),
        "not_after": ends.isoformat(),
        "days_left": round((ends - now).total_seconds() / DAY, 1),
    }
