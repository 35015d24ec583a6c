# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a Docker engine takes over its configuration without touching a running container."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# What dockerd takes over on SIGHUP (https://docs.docker.com/reference/cli/dockerd/#configuration-reload-behavior).
RELOADABLE = frozenset(
    {
        "debug",
        "default-runtime",
        "features",
        "insecure-registries",
        "labels",
        "live-restore",
        "max-concurrent-downloads",
        "max-concurrent-uploads",
        "max-download-attempts",
        "registry-mirrors",
        "runtimes",
        "shutdown-timeout",
    }
)


@dataclass(frozen=True)
class Engine:
    """The running engine.

    ``active`` is the configuration its process is known to have read; None when nobody knows.
    """

    running: bool
    active: Mapping[str, Any] | None
    live_restore: bool = False
    containers_running: int = 0


@dataclass(frozen=True)
class Steps:
    """What to do once daemon.json is written, in this order: start, reload, restart."""

    start: bool = False
    reload: bool = False
    restart: bool = False
    reasons: tuple[str, ...] = ()


def known_configuration(
    file: Mapping[str, Any] | None,
    file_changed_at: float,
    recorded: Mapping[str, Any] | None,
    recorded_process: float,
    process: float,
) -> Mapping[str, Any] | None:
    """Return what the engine's process has read, if that can be known.

    ``process`` is when the process started. A record made for this very process is the best witness, else a file that
    is older than the process, else an absent file means the engine's own defaults.
    """
    # Start times are computed from clock ticks, so two readings may differ by a few of them.
    if recorded is not None and abs(recorded_process - process) < 1:
        return recorded
    if file is None:
        return {}
    return file if file_changed_at < process else None


def differing(desired: Mapping[str, Any], active: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Return the keys that the process has to take over."""
    if active is None:
        return tuple(sorted(desired))
    return tuple(sorted(key for key in {*desired, *active} if desired.get(key) != active.get(key)))


def steps(desired: Mapping[str, Any], engine: Engine) -> Steps:
    """Return the least that makes the engine use the desired configuration."""
    if not engine.running:
        return Steps(start=True, reasons=("the engine is not running",))
    keys = differing(desired, engine.active)
    if not keys:
        return Steps()
    reasons = tuple(f"the running engine has another value for {key}" for key in keys)
    # A reload changes what the file names; a key that was taken out falls back to its default only at a start.
    fixed = [key for key in keys if key not in RELOADABLE or key not in desired]
    return Steps(reload=len(fixed) < len(keys), restart=bool(fixed), reasons=reasons)


def restart_objection(engine: Engine) -> str:
    """Return why the engine must not be restarted now; nothing when it may."""
    if engine.live_restore or not engine.containers_running:
        return ""
    return (
        f"the Docker engine would stop {engine.containers_running} running containers: expected live-restore to be on "
        "in the running engine, found it off; set live-restore in docker_engine_options back to true"
    )
