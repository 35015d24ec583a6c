# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an instance's own records say of it: modules, jobs, scheduled actions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# States that end an installation or an upgrade; any other means that it was cut off half way.
SETTLED = ("installed", "uninstalled", "uninstallable")
# States of queue_job in which work is still owed.
WAITING = ("wait_dependencies", "pending", "enqueued", "started")


def modules(rows: Iterable[Sequence[Any]]) -> dict[str, dict[str, str]]:
    """Return state and version of every module that is not simply absent, from (name, state, version)."""
    return {
        name: {"state": state, "version": version or ""}
        for name, state, version in sorted(rows, key=lambda row: str(row[0]))
    }


def queue(rows: Iterable[Sequence[Any]]) -> dict[str, dict[str, Any]]:
    """Return the depth of each channel, from (channel, state, count, age of the oldest in seconds).

    ``oldest_seconds`` is the age of the oldest job that is still owed, None where none is.
    """
    channels: dict[str, dict[str, Any]] = {}
    for channel, state, count, age in rows:
        entry = channels.setdefault(
            channel or "root", {**dict.fromkeys(WAITING, 0), "failed": 0, "oldest_seconds": None}
        )
        if state in entry:
            entry[state] = int(count)
        if state in WAITING:
            entry["oldest_seconds"] = max(entry["oldest_seconds"] or 0, round(float(age)))
    return channels


def scheduled_actions(rows: Iterable[Sequence[Any]], late_after: int) -> dict[str, Any]:
    """Return how many scheduled actions there are and which are late, from (id, name, active, lateness, failures).

    Odoo's workers look once a minute, so an action is late only after more than that.
    """
    found = list(rows)
    return {
        "active": sum(bool(active) for _identity, _name, active, _late, _failures in found),
        "inactive": sum(not active for _identity, _name, active, _late, _failures in found),
        "late": [
            {"id": identity, "name": name, "late_seconds": round(float(late)), "failures": int(failures or 0)}
            for identity, name, active, late, failures in found
            if active and float(late) > late_after
        ],
    }


def unknown_requests(text: str) -> list[dict[str, Any]]:
    """Return the requests that Odoo noted since it does not know what became of them, from its lines; newest last.

    A line that was cut off by the end of its writer says nothing.
    """
    found = []
    for line in text.splitlines():
        try:
            found.append(dict(json.loads(line)))
        except ValueError:
            continue
    return found


def reconciled(requests: Iterable[Mapping[str, Any]], rows: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    """Return each request with what became of its transaction, from (transaction, state)."""
    states = {name: state for name, state in rows if state}
    return [{**request, "state": states.get(request.get("transaction"), "unknown")} for request in requests]


def objections(info: Mapping[str, Any]) -> list[str]:
    """Return what is not as it should be with an instance, one sentence each; the facts are odoo_info's own."""
    name = info["name"]
    sentences = [
        reason for container in info["containers"].values() for reason in container.get("reasons", ()) if reason
    ]
    sentences += [
        f"module {module} of {name}: expected to be settled, found {found['state']}"
        for module, found in (info.get("modules") or {}).items()
        if found["state"] not in SETTLED
    ]
    sentences += [
        f"queue {channel} of {name}: expected no failed jobs, found {found['failed']}"
        for channel, found in (info.get("queue") or {}).items()
        if found["failed"]
    ]
    sentences += [
        f"scheduled action {action['name']} of {name}: expected to have run, found {action['late_seconds']} s late"
        for action in (info.get("scheduled_actions") or {}).get("late", ())
    ]
    images = {container["image"] for container in info["containers"].values() if container.get("image")}
    if len(images) > 1:
        sentences.append(f"containers of {name}: expected one image, found {', '.join(sorted(images))}")
    return sentences
