# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Docker engine as a process of this host: is it there, since when, how to start, reload and restart it.

It speaks to the engine's socket with what Python brings along, since it runs before any package is installed.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import time
from collections.abc import Callable
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Refused, TimedOut, Unreachable

SOCKET = "/run/docker.sock"
UNIT = "docker.service"
PATIENCE_SECONDS = 30

Run = Callable[[list[str]], tuple[int, str, str]]


class _Local(http.client.HTTPConnection):
    """HTTP over a socket of this host."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=PATIENCE_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class EngineControl:
    """Controls the unit ``docker.service``; ``run`` runs a command and returns status, output and errors."""

    def __init__(self, run: Run) -> None:
        self._run = run

    @staticmethod
    def installed() -> bool:
        """Return whether the engine's program is on this host."""
        return shutil.which("dockerd", path="/usr/bin:/usr/sbin:/usr/local/bin:/bin:/sbin") is not None

    def unit(self) -> tuple[bool, bool, int]:
        """Return whether the unit is active, whether it starts at boot, and its process id."""
        _status, output, _errors = self._run(
            ["systemctl", "show", UNIT, "--property=ActiveState,UnitFileState,MainPID"]
        )
        shown = dict(line.split("=", 1) for line in output.splitlines() if "=" in line)
        return (
            shown.get("ActiveState") == "active",
            shown.get("UnitFileState") == "enabled",
            int(shown.get("MainPID") or 0),
        )

    @staticmethod
    def started_at(process: int) -> float:
        """Return when the process started, in seconds since the epoch."""
        with open(f"/proc/{process}/stat", encoding="utf-8", errors="replace") as stream:
            ticks = int(stream.read().rpartition(")")[2].split()[19])
        with open("/proc/uptime", encoding="utf-8") as stream:
            uptime = float(stream.read().split()[0])
        return time.time() - uptime + ticks / os.sysconf("SC_CLK_TCK")

    @staticmethod
    def info() -> dict[str, Any]:
        """Return what the engine says of itself."""
        connection = _Local(SOCKET)
        try:
            connection.request("GET", "/info")
            answer = connection.getresponse()
            body = answer.read()
        except OSError as error:
            raise Unreachable(
                f"Docker engine at {SOCKET}", found=str(error), remedy="see journalctl -u docker on this host"
            ) from error
        finally:
            connection.close()
        if answer.status != http.client.OK:
            raise Refused(f"Docker engine at {SOCKET}", expected="status 200", found=f"{answer.status}")
        return dict(json.loads(body))

    def systemctl(self, verb: str, *options: str) -> None:
        """Run one verb on the unit; a failure carries the last lines of its journal."""
        guard.about_to_write(UNIT, f"systemctl {verb}")
        status, _output, errors = self._run(["systemctl", verb, *options, UNIT])
        if status != 0:
            _status, journal, _errors = self._run(["journalctl", "-u", UNIT, "-n", "15", "--no-pager", "-o", "cat"])
            raise Refused(f"systemctl {verb} {UNIT}", found=f"{errors.strip()} {journal.strip()}")

    def reload(self, process: int, live_restore: bool) -> None:
        """Have the engine read its file again and wait until it shows."""
        guard.about_to_write(UNIT, "a reload")
        os.kill(process, signal.SIGHUP)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while bool(self.info().get("LiveRestoreEnabled")) != live_restore:
            if time.monotonic() > deadline:
                raise TimedOut("reload of the Docker engine", expected=f"live-restore {live_restore}")
            time.sleep(0.2)

    def check(self, path: str) -> None:
        """Have the engine check a configuration file, where it can (23.0 and newer)."""
        status, _output, errors = self._run(["dockerd", "--validate", "--config-file", path])
        if status != 0 and "unknown flag" not in errors:
            raise Refused(f"configuration of the Docker engine in {path}", found=errors.strip())
