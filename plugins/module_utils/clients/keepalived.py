# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""keepalived on this host: its state by its own dump, and the lever by which it gives the address up."""

from __future__ import annotations

import errno
import json
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import TimedOut, Unreachable

PID_FILE = "/run/keepalived.pid"
DUMP_SECONDS = 3.0


def holds(address: str) -> bool:
    """Return whether this host has the address now: only then can a socket be bound to it."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                return False
            raise
    return True


class KeepalivedClient:
    """The daemon of this host; needs root, as the daemon's dump does."""

    def __init__(self, pid_file: str = PID_FILE) -> None:
        self._pid_file = pid_file

    def instances(self) -> list[dict[str, Any]]:
        """Return the VRRP instances as the running process has them now."""
        pid = self._pid()
        # As the process itself sees /tmp, whatever its unit says about private directories.
        path = f"/proc/{pid}/root/tmp/keepalived.json"
        before = _written_at(path)
        try:
            number = subprocess.run(
                ["keepalived", "--signum=JSON"], capture_output=True, text=True, check=True, timeout=DUMP_SECONDS
            ).stdout
            os.kill(pid, int(number))
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            raise Unreachable(
                "keepalived", expected="a running process with JSON support", found=str(error), remedy=_REMEDY
            ) from error
        deadline = time.monotonic() + DUMP_SECONDS
        while time.monotonic() < deadline:
            time.sleep(0.05)
            if _written_at(path) != before and (found := _read(path)) is not None:
                return [dict(entry["data"]) for entry in found]
        raise TimedOut("keepalived", expected=f"its dump within {DUMP_SECONDS:.0f} s", found="none", remedy=_REMEDY)

    def _pid(self) -> int:
        try:
            with open(self._pid_file, encoding="ascii") as stream:
                return int(stream.read())
        except (OSError, ValueError) as error:
            raise Unreachable(
                "keepalived", expected="a running process", found=f"{self._pid_file}: {error}", remedy=_REMEDY
            ) from error


_REMEDY = "see systemctl status keepalived on this host"


@contextmanager
def lever_pulled(path: str) -> Iterator[None]:
    """Make keepalived's tracked file say "leave" while the block runs; then say "stay", whatever happened."""
    try:
        _say(path, "1")
        yield
    finally:
        _say(path, "0")


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Return whether the condition came true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.1)
    return True


def answers(address: str, port: int) -> bool:
    """Return whether something accepts connections there."""
    try:
        with socket.create_connection((address, port), timeout=1.0):
            return True
    except OSError:
        return False


def _say(path: str, value: str) -> None:
    # Written in place: keepalived follows this very file.
    with open(path, "w", encoding="ascii") as stream:
        stream.write(value + "\n")


def _written_at(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except FileNotFoundError:
        return 0


def _read(path: str) -> list[dict[str, Any]] | None:
    """Return the dump, or None while it is being written."""
    try:
        with open(path, encoding="utf-8") as stream:
            return list(json.load(stream))
    except (OSError, ValueError):
        return None
