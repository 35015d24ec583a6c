# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One fault of a drill on this host: done, and lifted by whoever comes first, the drill or a timer of the host.

A lease in the estate's etcd would not do: etcd may be what the drill strikes.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Conflict, Refused, TimedOut

# On a memory file system: no fault outlives a boot, so its record must not either.
DIRECTORY = Path("/run/erpops-drill")
UNIT = "erpops-drill-lift"
PATIENCE_SECONDS = 120


class HostFault:
    """The one fault that a drill may have on this host; its record is what lifts it."""

    def __init__(self, directory: Path = DIRECTORY) -> None:
        self._directory = directory
        self._lift = directory / "lift"
        self._record = directory / "fault.json"

    def found(self) -> dict[str, Any] | None:
        """Return the fault that is there, None when there is none; one that was begun and not done has no name yet."""
        if not self._directory.exists():
            return None
        try:
            known: dict[str, Any] = json.loads(self._record.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return known

    def armed(self) -> bool:
        """Return whether a timer of this host is going to lift the fault, or does so now."""
        units = [f"{UNIT}.timer", f"{UNIT}.service"]
        asked = ["systemctl", "show", "--property=ActiveState", "--value", *units]
        return any(state in ("active", "activating") for state in _run(asked).split())

    def inject(self, fault: dict[str, Any], inject: str, lift: str, seconds: int) -> None:
        """Have a timer lift the fault after so many seconds, whatever becomes of the caller; then do it.

        What the record names has been done: who finds it in a later run does not do it again.
        """
        guard.about_to_write("this host", f"a fault: {fault.get('fault', '')}")
        try:
            self._directory.mkdir(mode=0o700)
        except FileExistsError:
            raise Conflict(
                "drill on this host",
                expected="no fault of another drill",
                found=json.dumps(self.found()),
                remedy="wait until it is lifted, or lift it with erpops.estate.drill_fault",
            ) from None
        self._lift.write_text(f"set -eu\n{lift}\nrm -rf {self._directory}\n", encoding="utf-8")
        armed = ["systemd-run", "--quiet", "--collect", f"--unit={UNIT}", f"--on-active={seconds}"]
        _run([*armed, "--timer-property=AccuracySec=1s", "/bin/sh", str(self._lift)])
        try:
            _run(["/bin/sh", "-c", f"set -eu\n{inject}"])
        except (Refused, TimedOut):
            # Half of it may have been done.
            self.lift()
            raise
        # A timer that is short may have been faster.
        with suppress(FileNotFoundError):
            self._record.write_text(json.dumps(fault, sort_keys=True), encoding="utf-8")

    def lift(self) -> None:
        """Lift the fault now."""
        guard.about_to_write("this host", "a fault lifted")
        if self._lift.exists():
            _run(["/bin/sh", str(self._lift)])
        shutil.rmtree(self._directory, ignore_errors=True)
        # It would find nothing to lift; gone, it does not stand in the way of the next drill.
        _run(["/bin/sh", "-c", f"! systemctl is-active --quiet {UNIT}.timer || systemctl stop {UNIT}.timer"])


def _run(command: list[str]) -> str:
    what = f"drill: {command[-1].splitlines()[-1]}"
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise TimedOut(what, expected=f"an end within {PATIENCE_SECONDS} s", found="none") from error
    if done.returncode != 0:
        raise Refused(what, expected="exit status 0", found=f"{done.returncode}: {done.stderr.strip()[-2000:]}")
    return done.stdout
