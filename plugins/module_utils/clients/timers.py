# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""systemd's timers of this host."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Refused


@dataclass(frozen=True)
class TimerState:
    """A timer as systemd knows it; ``stale`` when its file is newer than what systemd has read."""

    name: str
    enabled: bool
    active: bool
    stale: bool


def read(names: Sequence[str]) -> tuple[TimerState, ...]:
    """Return the state of the timers; one that has no file is neither enabled nor active."""
    shown = run(["systemctl", "show", "--property=Id,UnitFileState,ActiveState,NeedDaemonReload", *names])
    found = []
    for block in shown.strip().split("\n\n"):
        state = dict(line.split("=", 1) for line in block.splitlines())
        found.append(
            TimerState(
                state["Id"],
                enabled=state["UnitFileState"] == "enabled",
                active=state["ActiveState"] == "active",
                stale=state["NeedDaemonReload"] == "yes",
            )
        )
    return tuple(found)


def schedule(names: Sequence[str]) -> list[dict[str, str]]:
    """Return when each of the timers fired last and fires next, in UTC ("" for never); without a file, nothing."""
    shown = json.loads(run(["systemctl", "list-timers", "--all", "--output=json", *names]) or "[]")
    return [
        {
            "name": entry["unit"],
            "activates": entry["activates"] or "",
            "next": _utc(entry["next"]),
            "last": _utc(entry["last"]),
        }
        for entry in sorted(shown, key=lambda entry: str(entry["unit"]))
        if entry["activates"]
    ]


def _utc(microseconds: int | None) -> str:
    return datetime.fromtimestamp(microseconds / 1e6, UTC).isoformat(timespec="seconds") if microseconds else ""


def reload_files() -> None:
    """Have systemd read its files again; running timers take their new calendar over."""
    guard.about_to_write("systemd", "a reload of its files")
    run(["systemctl", "daemon-reload"])


def enable(names: Sequence[str]) -> None:
    """Enable and start the timers."""
    guard.about_to_write(" ".join(names), "enabled")
    run(["systemctl", "enable", "--quiet", "--now", *names])


def failed(name: str) -> bool:
    """Return whether the last run of a unit failed."""
    return run(["systemctl", "show", "--property=ActiveState", "--value", name]).strip() == "failed"


def start_service(name: str) -> None:
    """Start a unit that ends by itself and wait for its end, however long it takes."""
    guard.about_to_write(name, "a start")
    run(["systemctl", "start", name], remedy=f"see journalctl --unit {name} on this host")


def run(command: Sequence[str], *, remedy: str = "") -> str:
    """Return the command's output; a status other than 0 is an error that shows it."""
    done = subprocess.run(list(command), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        found = f"{done.returncode}: {(done.stdout + done.stderr).strip()[-2000:]}"
        raise Refused(f"command {' '.join(command[:2])}", expected="exit status 0", found=found, remedy=remedy)
    return done.stdout
